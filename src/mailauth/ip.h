#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::mailauth {

/// An address. IPv4 in IPv6 (::ffff:192.0.2.1) becomes IPv4 (RFC 7208 §5).
struct Ip {
    bool six = false;
    std::array<std::uint8_t, 16> octets{};  ///< 4 or 16 of them

    unsigned bits() const { return six ? 128 : 32; }
    /// The first `prefix` bits are the same, and the family is.
    bool within(const Ip& network, unsigned prefix) const;
    std::string text() const;
    /// For %{i}: "192.0.2.1", "2.0.0.1.0.d.b.8..." (RFC 7208 §7.3)
    std::string dotted() const;
};

std::optional<Ip> parse_ip(std::string_view text);
/// Only of that family, and never turned into the other.
std::optional<Ip> parse_ip(std::string_view text, bool six);

}  // namespace postrider::mailauth
