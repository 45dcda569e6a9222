#include "mailauth/ip.h"

#include <arpa/inet.h>

#include <algorithm>

namespace postrider::mailauth {

bool Ip::within(const Ip& network, unsigned prefix) const {
    if (six != network.six) return false;
    const std::size_t whole = prefix / 8;
    if (!std::equal(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(whole),
                    network.octets.begin()))
        return false;
    if (prefix % 8 == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - prefix % 8));
    return (octets[whole] & mask) == (network.octets[whole] & mask);
}

std::string Ip::text() const {
    char out[INET6_ADDRSTRLEN] = {};
    inet_ntop(six ? AF_INET6 : AF_INET, octets.data(), out, sizeof out);
    return out;
}

std::string Ip::dotted() const {
    if (!six) return text();
    constexpr std::string_view hex = "0123456789abcdef";
    std::string out;
    for (std::uint8_t octet : octets) {
        if (!out.empty()) out += '.';
        out += hex[octet >> 4];
        out += '.';
        out += hex[octet & 15];
    }
    return out;
}

std::optional<Ip> parse_ip(std::string_view text, bool six) {
    if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
    const std::string zero_ended{text};
    Ip ip;
    ip.six = six;
    if (inet_pton(six ? AF_INET6 : AF_INET, zero_ended.c_str(), ip.octets.data()) != 1) return std::nullopt;
    return ip;
}

std::optional<Ip> parse_ip(std::string_view text) {
    if (auto four = parse_ip(text, false)) return four;
    auto ip = parse_ip(text, true);
    if (!ip) return ip;
    constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::equal(mapped.begin(), mapped.end(), ip->octets.begin())) {
        Ip four;
        std::copy(ip->octets.begin() + 12, ip->octets.end(), four.octets.begin());
        return four;
    }
    return ip;
}

}  // namespace postrider::mailauth
