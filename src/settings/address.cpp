#include "settings/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>

namespace postrider::settings {

namespace {

constexpr std::array<std::uint8_t, 12> v4_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<unsigned> number(std::string_view text, unsigned max) {
    unsigned value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
    return value;
}

/// How many bits a dotted mask has; nothing when its ones are not its first bits.
std::optional<unsigned> mask_bits(const Ip& mask) {
    std::uint32_t bits = 0;
    for (std::size_t i = 12; i < 16; ++i) bits = (bits << 8) | mask.octets[i];
    auto ones = static_cast<unsigned>(std::countl_one(bits));
    if (static_cast<unsigned>(std::popcount(bits)) != ones) return std::nullopt;
    return ones;
}

IpSet network(const Ip& ip, unsigned bits) {
    IpSet set{ip, ip};
    for (unsigned bit = bits; bit < 128; ++bit) {
        auto flag = static_cast<std::uint8_t>(0x80U >> (bit % 8));
        set.first.octets[bit / 8] &= static_cast<std::uint8_t>(~flag);
        set.last.octets[bit / 8] |= flag;
    }
    // ::/80 and its parts end with the octets of IPv4, which is not theirs.
    if (set.last.v4() && !set.first.v4()) set.last.octets[11] = 0xfe;
    return set;
}

}  // namespace

bool Ip::v4() const {
    return std::equal(v4_prefix.begin(), v4_prefix.end(), octets.begin());
}

std::optional<Ip> parse_ip(std::string_view text) {
    if (text.size() > 45) return std::nullopt;
    std::string z{text};  // inet_pton wants a NUL, and must not stop at one of the text's
    if (z.find('\0') != std::string::npos) return std::nullopt;
    Ip ip;
    if (z.find(':') != std::string::npos) {
        if (inet_pton(AF_INET6, z.c_str(), ip.octets.data()) != 1) return std::nullopt;
        return ip;
    }
    std::copy(v4_prefix.begin(), v4_prefix.end(), ip.octets.begin());
    if (inet_pton(AF_INET, z.c_str(), ip.octets.data() + 12) != 1) return std::nullopt;
    return ip;
}

std::optional<IpPort> parse_ip_port(std::string_view text) {
    std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        if (host.find(':') == std::string_view::npos) return std::nullopt;
    } else if (host.find(':') != std::string_view::npos) {
        return std::nullopt;  // without brackets nobody could tell address from port
    }
    auto ip = parse_ip(host);
    auto port = number(text.substr(colon + 1), 65535);
    if (!ip || !port) return std::nullopt;
    return IpPort{*ip, static_cast<std::uint16_t>(*port)};
}

std::optional<IpSet> parse_ip_set(std::string_view text) {
    if (std::size_t dash = text.find('-'); dash != std::string_view::npos) {
        auto first = parse_ip(text.substr(0, dash));
        auto last = parse_ip(text.substr(dash + 1));
        if (!first || !last || first->v4() != last->v4() || *last < *first) return std::nullopt;
        return IpSet{*first, *last};
    }
    std::size_t slash = text.find('/');
    auto ip = parse_ip(text.substr(0, slash));
    if (!ip) return std::nullopt;
    if (slash == std::string_view::npos) return IpSet{*ip, *ip};
    std::string_view tail = text.substr(slash + 1);
    std::optional<unsigned> bits;
    if (auto mask = parse_ip(tail)) {
        if (ip->v4() && mask->v4()) bits = mask_bits(*mask);
    } else {
        bits = number(tail, ip->v4() ? 32 : 128);
    }
    if (!bits) return std::nullopt;
    return network(*ip, ip->v4() ? *bits + 96 : *bits);
}

std::string to_string(const Ip& ip) {
    char text[INET6_ADDRSTRLEN];
    if (ip.v4()) return inet_ntop(AF_INET, ip.octets.data() + 12, text, sizeof text);
    return inet_ntop(AF_INET6, ip.octets.data(), text, sizeof text);
}

std::string to_string(const IpPort& address) {
    std::string ip = to_string(address.ip);
    return address.ip.v4() ? fmt::format("{}:{}", ip, address.port)
                           : fmt::format("[{}]:{}", ip, address.port);
}

}  // namespace postrider::settings
