#include "filter/signing/key_ring.h"

#include <fmt/core.h>

#include <fstream>
#include <iterator>

#include "mailauth/signature.h"
#include "text/ascii.h"
#include "text/base64.h"

namespace postrider::filter {
namespace {

constexpr std::size_t max_key_file = 65536;

std::expected<std::string, std::string> read_key_file(const std::filesystem::path& path) {
    std::ifstream in{path, std::ios::binary};
    if (!in) return std::unexpected("cannot be opened");
    std::string text(max_key_file, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}

std::expected<SigningKey, std::string> read_key(const DkimKey& setting,
                                                const std::filesystem::path& directory) {
    SigningKey key;
    auto domain = mailauth::signing_domain(setting.domain);
    auto selector = mailauth::signing_selector(setting.selector);
    if (!domain) return std::unexpected("the domain is none");
    if (!selector) return std::unexpected("the selector is no name");
    key.domain = std::move(*domain);
    key.selector = std::move(*selector);
    for (auto [text, day] : {std::pair{&setting.from, &key.from}, {&setting.until, &key.until}}) {
        if (text->empty()) continue;
        *day = parse_day(*text);
        if (!*day) return std::unexpected(fmt::format("'{}' is no day", *text));
    }
    const std::filesystem::path path = directory / setting.key_file;
    auto text = read_key_file(path);
    if (!text) return std::unexpected(fmt::format("{} {}", path.string(), text.error()));
    auto made = mailauth::read_private_key(*text);
    if (!made) return std::unexpected(fmt::format("{}: {}", path.string(), made.error()));
    key.key = std::move(*made);
    return key;
}

}  // namespace

std::optional<Time> parse_day(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    int digits[8] = {};
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i == 4 || i == 7) continue;
        if (!text::is_digit(text[i])) return std::nullopt;
        digits[count++] = text[i] - '0';
    }
    using namespace std::chrono;
    const year_month_day day{year{digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3]},
                             month{static_cast<unsigned>(digits[4] * 10 + digits[5])},
                             std::chrono::day{static_cast<unsigned>(digits[6] * 10 + digits[7])}};
    if (!day.ok()) return std::nullopt;
    return Time{sys_days{day}.time_since_epoch()};
}

std::string key_record(const mailauth::PrivateKey& key) {
    return fmt::format("v=DKIM1; k={}; p={}", key.type() == mailauth::KeyType::rsa ? "rsa" : "ed25519",
                       text::encode_base64(key.public_octets()));
}

std::string zone_line(const SigningKey& key) {
    const std::string record = key_record(*key.key);
    std::string line = fmt::format("{}._domainkey.{}. IN TXT (", key.selector, key.domain);
    for (std::size_t at = 0; at < record.size(); at += 255)
        line += fmt::format(" \"{}\"", record.substr(at, 255));
    return line + " )";
}

KeyRing::KeyRing(const SigningSettings& settings, const std::filesystem::path& directory,
                 std::vector<std::string>& problems) {
    for (const DkimKey& setting : settings.keys) {
        if (!setting.enable) continue;
        auto key = read_key(setting, directory);
        if (!key) {
            problems.push_back(
                fmt::format("DKIM key {} of {}: {}", setting.selector, setting.domain, key.error()));
            continue;
        }
        std::string domain = key->domain;
        keys_.emplace(std::move(domain), std::move(*key));
    }
}

std::vector<const SigningKey*> KeyRing::find(std::string_view domain, Time now) const {
    for (; !domain.empty();) {
        const SigningKey* best[2] = {};
        const auto [begin, end] = keys_.equal_range(domain);
        for (auto at = begin; at != end; ++at) {
            const SigningKey& key = at->second;
            const SigningKey*& place = best[static_cast<std::size_t>(key.key->type())];
            if (key.signs_at(now)
                && (place == nullptr || key.from.value_or(Time::min()) >= place->from.value_or(Time::min())))
                place = &key;
        }
        std::vector<const SigningKey*> found;
        for (const SigningKey* key : best)
            if (key != nullptr) found.push_back(key);
        if (!found.empty()) return found;
        const std::size_t dot = domain.find('.');
        domain = dot == std::string_view::npos ? std::string_view{} : domain.substr(dot + 1);
    }
    return {};
}

std::vector<const SigningKey*> KeyRing::all(std::string_view domain) const {
    std::vector<const SigningKey*> found;
    for (const auto& [name, key] : keys_)
        if (domain.empty() || name == domain) found.push_back(&key);
    return found;
}

}  // namespace postrider::filter
