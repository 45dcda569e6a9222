#include "filter/ban/rates.h"

#include "text/ascii.h"

namespace postrider::filter {

Rates::Rates(const Clock& clock, observe::Metrics& metrics)
    : clock_{clock}, refused_{metrics.counter("rates.refused", "Messages and recipients beyond a rate")} {}

std::expected<std::unique_ptr<Rates>, std::string> Rates::make(const Clock& clock, observe::Metrics& metrics,
                                                               const RateSettings& settings) {
    std::unique_ptr<Rates> out{new Rates{clock, metrics}};
    if (auto ok = out->reconfigure(settings); !ok) return std::unexpected(ok.error());
    return out;
}

std::expected<void, std::string> Rates::reconfigure(const RateSettings& settings) {
    auto exclusions = IpRanges::compile(settings.exclusions);
    if (!exclusions) return std::unexpected("rateLimits: " + exclusions.error());
    auto fresh = std::make_shared<const Rules>(Rules{settings, std::move(*exclusions)});
    std::lock_guard lock{mutex_};
    rules_ = std::move(fresh);
    return {};
}

std::shared_ptr<const Rates::Rules> Rates::rules() const {
    std::lock_guard lock{mutex_};
    return rules_;
}

/// A window that slides: what was counted in the interval before counts by the part of it that is still
/// within one interval from now. What is refused is not counted, so that who goes on trying is let in again.
bool Rates::count(std::string key, unsigned limit, const Rules& rules) {
    const auto length = std::chrono::duration_cast<Time::duration>(rules.settings.interval).count();
    const auto since = clock_.now().time_since_epoch().count();
    const std::int64_t interval = since / length;
    const double part = static_cast<double>(since % length) / static_cast<double>(length);
    std::lock_guard lock{mutex_};
    auto at = young_.find(key);
    if (at == young_.end()) {
        Count moved;
        if (auto old = old_.find(key); old != old_.end()) {
            moved = old->second;
            old_.erase(old);
        }
        if (young_.size() >= max_sources / 2) {
            old_ = std::move(young_);
            young_ = {};
        }
        at = young_.emplace(std::move(key), moved).first;
    }
    Count& count = at->second;
    if (count.interval != interval) {
        count.before = count.interval + 1 == interval ? count.now : 0;
        count.now = 0;
        count.interval = interval;
    }
    if (count.now + count.before * (1.0 - part) >= limit) return false;
    ++count.now;
    return true;
}

std::optional<std::string> Rates::message(const settings::Ip& client, std::string_view sender_domain) {
    const auto in_force = rules();
    const RateSettings& s = in_force->settings;
    if ((s.client_messages == 0 && s.sender_domain_messages == 0) || in_force->exclusions.has(client))
        return std::nullopt;
    if (s.client_messages != 0
        && !count("m" + settings::to_string(network_of(client, 32, 64)), s.client_messages, *in_force)) {
        refused_.add();
        return "Too many messages from your address, try again later";
    }
    if (s.sender_domain_messages != 0 && !sender_domain.empty()
        && !count("d" + text::to_lower(sender_domain), s.sender_domain_messages, *in_force)) {
        refused_.add();
        return "Too many messages from this domain, try again later";
    }
    return std::nullopt;
}

std::optional<std::string> Rates::recipient(const settings::Ip& client) {
    const auto in_force = rules();
    const RateSettings& s = in_force->settings;
    if (s.client_recipients == 0 || in_force->exclusions.has(client)
        || count("r" + settings::to_string(network_of(client, 32, 64)), s.client_recipients, *in_force))
        return std::nullopt;
    refused_.add();
    return "Too many recipients from your address, try again later";
}

std::size_t Rates::sources() const {
    std::lock_guard lock{mutex_};
    return young_.size() + old_.size();
}

}  // namespace postrider::filter
