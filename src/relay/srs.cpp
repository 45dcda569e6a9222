#include "relay/srs.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "text/ascii.h"
#include "text/idna.h"

namespace postrider::relay {
namespace {

constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t hash_size = 6;
constexpr std::size_t max_local = 64;
constexpr int days_in_circle = 1024;

int day_of(Time now) {
    const auto days = std::chrono::duration_cast<std::chrono::hours>(now.time_since_epoch()).count() / 24;
    return static_cast<int>(days % days_in_circle);
}

std::string day_text(int day) {
    return {alphabet[static_cast<std::size_t>(day >> 5)], alphabet[static_cast<std::size_t>(day & 31)]};
}

std::optional<int> day_value(std::string_view text) {
    if (text.size() != 2) return std::nullopt;
    const auto high = alphabet.find(text::lower(text[0])), low = alphabet.find(text::lower(text[1]));
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    return static_cast<int>(high * 32 + low);
}

/// What stands before the next "=", which is taken too; nothing when there is none.
std::optional<std::string_view> field(std::string_view& rest) {
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view found = rest.substr(0, equals);
    rest.remove_prefix(equals + 1);
    return found;
}

/// "SRS0=", "SRS0+" or "SRS0-": all are in use.
bool is_srs(std::string_view local, char kind) {
    return local.size() > 5 && text::starts_with_ci(local, "SRS") && local[3] == kind
           && (local[4] == '=' || local[4] == '+' || local[4] == '-');
}

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string Srs::hash(std::string_view text) const {
    const std::string lower = text::to_lower(text);
    unsigned char octets[EVP_MAX_MD_SIZE] = {};
    unsigned size = 0;
    HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
         reinterpret_cast<const unsigned char*>(lower.data()), lower.size(), octets, &size);
    std::string out;
    for (std::size_t i = 0; i < hash_size; ++i) out.push_back(alphabet[octets[i] & 31]);
    return out;
}

std::optional<mime::AddrSpec> Srs::forward(const mime::AddrSpec& sender, const std::string& ours,
                                           Time now) const {
    if (sender.null() || sender.domain.empty() || sender.domain == ours) return std::nullopt;
    const std::string domain = text::to_alabels(sender.domain).value_or(std::string{});
    if (domain.empty() || sender.domain.starts_with('[')) return std::nullopt;
    std::string local;
    if (is_srs(sender.local, '0')) {
        // Somebody else has forwarded it already: a report goes to them directly.
        const std::string rest = domain + "=" + sender.local.substr(4);
        local = "SRS1=" + hash(rest) + "=" + rest;
    } else if (is_srs(sender.local, '1')) {
        std::string_view rest = std::string_view{sender.local}.substr(5);
        if (!field(rest)) return std::nullopt;
        local = "SRS1=" + hash(rest) + "=" + std::string{rest};
    } else {
        const std::string rest = day_text(day_of(now)) + "=" + domain + "=" + sender.local;
        local = "SRS0=" + hash(rest) + "=" + rest;
    }
    if (local.size() > max_local) return std::nullopt;
    return mime::AddrSpec{std::move(local), ours};
}

Srs::Original Srs::reverse(const mime::AddrSpec& address, Time now) const {
    Original out;
    const bool first = is_srs(address.local, '0'), further = is_srs(address.local, '1');
    if (!first && !further) return out;
    std::string_view rest = std::string_view{address.local}.substr(5);
    const auto given = field(rest);
    out.verdict = Verdict::forged;
    if (!given || !same(text::to_lower(*given), hash(rest))) return out;
    if (further) {
        const auto domain = field(rest);
        if (!domain || rest.empty()) return out;
        if (auto original = mime::parse_addr_spec("SRS0" + std::string{rest} + "@" + std::string{*domain})) {
            out.address = std::move(*original);
            out.verdict = Verdict::good;
        }
        return out;
    }
    const auto stamp = field(rest);
    const auto day = stamp ? day_value(*stamp) : std::nullopt;
    const auto domain = field(rest);
    if (!day || !domain || rest.empty()) return out;
    const int age = (day_of(now) - *day + days_in_circle) % days_in_circle;
    if (age > valid_days) {
        out.verdict = Verdict::expired;
        return out;
    }
    // The local part may be anything that was one: quotes and all have been taken off.
    out.address = {std::string{rest}, text::to_ulabels(*domain)};
    out.verdict = Verdict::good;
    return out;
}

}  // namespace postrider::relay
