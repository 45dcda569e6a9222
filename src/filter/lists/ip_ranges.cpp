#include "filter/lists/ip_ranges.h"

#include <algorithm>

namespace postrider::filter {
namespace {

/// The address behind `ip`; nothing behind the last one.
std::optional<settings::Ip> next(settings::Ip ip) {
    for (std::size_t i = ip.octets.size(); i-- > 0;)
        if (++ip.octets[i] != 0) return ip;
    return std::nullopt;
}

}  // namespace

IpRanges IpRanges::of(std::vector<settings::IpSet> sets) {
    std::ranges::sort(sets, [](const auto& a, const auto& b) { return a.first < b.first; });
    IpRanges out;
    for (const settings::IpSet& set : sets) {
        if (!out.sets_.empty() && out.sets_.back().first.v4() == set.first.v4()) {
            settings::IpSet& last = out.sets_.back();
            const auto behind = next(last.last);
            if (!behind || set.first <= *behind) {
                last.last = std::max(last.last, set.last);
                continue;
            }
        }
        out.sets_.push_back(set);
    }
    return out;
}

std::expected<IpRanges, std::string> IpRanges::compile(const std::vector<std::string>& texts) {
    std::vector<settings::IpSet> sets;
    sets.reserve(texts.size());
    for (const std::string& text : texts) {
        auto set = settings::parse_ip_set(text);
        if (!set) return std::unexpected("'" + text + "' is no IP address, range or network");
        sets.push_back(*set);
    }
    return of(std::move(sets));
}

bool IpRanges::has(const settings::Ip& ip) const {
    auto at = std::ranges::upper_bound(sets_, ip, {}, &settings::IpSet::first);
    return at != sets_.begin() && std::prev(at)->has(ip);
}

bool IpRanges::has(std::string_view text) const {
    if (sets_.empty()) return false;
    const auto ip = settings::parse_ip(text);
    return ip && has(*ip);
}

settings::Ip network_of(const settings::Ip& ip, unsigned v4_bits, unsigned v6_bits) {
    settings::Ip out = ip;
    const unsigned bits = ip.v4() ? 96 + std::min(v4_bits, 32U) : std::min(v6_bits, 128U);
    for (unsigned i = 0; i < 16; ++i) {
        const unsigned kept = bits > i * 8 ? std::min(bits - i * 8, 8U) : 0;
        out.octets[i] &= static_cast<std::uint8_t>(0xff00U >> kept);
    }
    return out;
}

std::string network_text(const settings::Ip& network, unsigned v4_bits, unsigned v6_bits) {
    const unsigned bits = network.v4() ? v4_bits : v6_bits;
    std::string out = settings::to_string(network);
    if (bits < (network.v4() ? 32U : 128U)) out += "/" + std::to_string(bits);
    return out;
}

}  // namespace postrider::filter
