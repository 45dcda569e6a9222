#include "filter/country/country_filter.h"

#include <algorithm>

#include "text/ascii.h"

namespace postrider::filter {
namespace {

namespace fs = std::filesystem;

std::expected<std::vector<Country>, std::string> codes(const std::vector<std::string>& texts) {
    std::vector<Country> out;
    for (const std::string& text : texts) {
        auto country = Country::parse(text);
        if (!country) return std::unexpected("'" + text + "' is no code of a country (two letters)");
        out.push_back(*country);
    }
    std::ranges::sort(out);
    return out;
}

bool names(const std::vector<std::string>& texts, Country country) {
    return std::ranges::any_of(texts,
                               [&](const std::string& text) { return Country::parse(text) == country; });
}

}  // namespace

CountryFilter::Stamp CountryFilter::stamp_of(const std::string& file) const {
    Stamp out;
    if (file.empty() || file == "none") return out;
    out.file = directory_ / file;
    std::error_code error;
    out.time = fs::last_write_time(out.file, error);
    out.size = fs::file_size(out.file, error);
    if (error) out.size = 0;
    return out;
}

std::shared_ptr<const CountryFilter::State> CountryFilter::state() const {
    std::lock_guard lock{mutex_};
    return state_;
}

std::expected<void, std::string> CountryFilter::configure(const CountrySettings& settings) {
    std::lock_guard changing{changing_};
    auto fresh = std::make_shared<State>();
    fresh->enable = settings.enable;
    fresh->mode = settings.mode;
    auto countries = codes(settings.countries);
    if (!countries) return std::unexpected("countryFilter: " + countries.error());
    fresh->countries = std::move(*countries);
    auto exclusions = IpRanges::compile(settings.exclusions);
    if (!exclusions) return std::unexpected("countryFilter: " + exclusions.error());
    fresh->exclusions = std::move(*exclusions);
    fresh->stamp = stamp_of(settings.file);
    const auto before = state();
    if (before->source && before->stamp == fresh->stamp) {
        fresh->source = before->source;
    } else if (!fresh->stamp.file.empty()) {
        auto source = CountrySource::open(fresh->stamp.file);
        if (!source)
            return std::unexpected("countryFilter: " + fresh->stamp.file.string() + ": " + source.error());
        fresh->source = std::move(*source);
    }
    if (fresh->enable && !fresh->source) return std::unexpected("countryFilter: it needs a databaseFile");
    settings_ = settings;
    std::lock_guard lock{mutex_};
    state_ = std::move(fresh);
    return {};
}

void CountryFilter::refresh() {
    std::lock_guard changing{changing_};
    const auto before = state();
    const Stamp now = stamp_of(settings_.file);
    if (now.file.empty() || now == before->stamp || now == tried_) return;
    auto source = CountrySource::open(now.file);
    if (!source) {
        tried_ = now;
        log_.error({}, "The country database {} is left as it was: {}", now.file.string(), source.error());
        return;
    }
    auto fresh = std::make_shared<State>(*before);
    fresh->source = std::move(*source);
    fresh->stamp = now;
    {
        std::lock_guard lock{mutex_};
        state_ = std::move(fresh);
    }
    log_.info({}, "The country database {} has been read again", now.file.string());
}

CountryFilter::Verdict CountryFilter::check(const settings::Ip& client) const {
    const auto now = state();
    if (!now->enable || !now->source) return {};
    const auto country = now->source->find(client);
    if (!country) return {};
    Verdict verdict{false, country->text()};
    if (now->exclusions.has(client)) return verdict;
    const bool named = std::binary_search(now->countries.begin(), now->countries.end(), *country);
    verdict.banned = named == (now->mode == CountryMode::block);
    return verdict;
}

CountryFilter::Verdict CountryFilter::check(const settings::Ip& client,
                                            const std::vector<std::string>& allowed,
                                            const std::vector<std::string>& banned) const {
    const auto now = state();
    if (!now->source) return {};
    const auto country = now->source->find(client);
    if (!country) return {};
    Verdict verdict{false, country->text()};
    if (now->exclusions.has(client)) return verdict;
    verdict.banned = names(banned, *country) || (!allowed.empty() && !names(allowed, *country));
    return verdict;
}

std::string CountryFilter::country(const settings::Ip& client) const {
    const auto now = state();
    const auto country = now->source ? now->source->find(client) : std::nullopt;
    return country ? country->text() : std::string{};
}

bool CountryFilter::loaded() const {
    return state()->source != nullptr;
}

}  // namespace postrider::filter
