#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Addresses as settings write them, as values.
namespace postrider::settings {

/// An IPv4 or IPv6 address. IPv4 lies in the last four octets, as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), so that
/// a v4 client of a v6 socket compares equal; the two families sort apart.
struct Ip {
    std::array<std::uint8_t, 16> octets{};
    bool v4() const;
    friend auto operator<=>(const Ip&, const Ip&) = default;
};

struct IpPort {
    Ip ip;
    std::uint16_t port = 0;
    friend bool operator==(const IpPort&, const IpPort&) = default;
};

/// First and last address, both inside. A set of one family never has an address of the other: ::/0 is all of
/// IPv6 and nothing of IPv4.
struct IpSet {
    Ip first;
    Ip last;
    bool has(const Ip& ip) const { return first.v4() == ip.v4() && first <= ip && ip <= last; }
    friend bool operator==(const IpSet&, const IpSet&) = default;
};

std::optional<Ip> parse_ip(std::string_view text);

/// "127.0.0.1:25", "[::1]:25"; the port is 0 to 65535.
std::optional<IpPort> parse_ip_port(std::string_view text);

/// "10.0.0.1-10.0.0.20", "10.0.0.1/255.0.0.0", "10.0.0.1/8", "10.0.0.1"; IPv6 likewise, without the mask
/// form. A mask's ones must be its first bits; a range must not be empty or mix families.
std::optional<IpSet> parse_ip_set(std::string_view text);

std::string to_string(const Ip& ip);
std::string to_string(const IpPort& address);

}  // namespace postrider::settings
