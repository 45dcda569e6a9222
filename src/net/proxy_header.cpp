#include "net/proxy_header.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>

#include "net/socket_address.h"

namespace postrider::net {
namespace {

using Result = std::expected<ProxyHeader, ProxyError>;

constexpr std::string_view v1_signature = "PROXY ";
constexpr std::string_view v2_signature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t v1_limit = 107;
constexpr std::size_t v2_limit = 2048;

std::optional<std::uint16_t> port(std::string_view digits) {
    unsigned value = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    const bool zeros = digits.size() > 1 && digits.front() == '0';
    if (error != std::errc{} || stop != end || value > 65535 || zeros) return std::nullopt;
    return static_cast<std::uint16_t>(value);
}

std::optional<Endpoint> endpoint(int family, std::string_view ip, std::string_view digits) {
    if (ip.size() > INET6_ADDRSTRLEN) return std::nullopt;
    const auto number = port(digits);
    if (!number) return std::nullopt;
    const auto address = to_socket_address({std::string{ip}, *number});
    if (!address || address->get()->sa_family != family) return std::nullopt;
    return to_endpoint(address->get());
}

/// "PROXY" SP ("TCP4" / "TCP6") SP source SP destination SP port SP port CRLF, or "PROXY UNKNOWN" anything
/// CRLF
Result parse_v1(std::string_view octets) {
    const std::size_t lf = octets.substr(0, v1_limit).find('\n');
    if (lf == std::string_view::npos)
        return std::unexpected(octets.size() >= v1_limit ? ProxyError::malformed : ProxyError::need_more);
    if (octets[lf - 1] != '\r') return std::unexpected(ProxyError::malformed);
    ProxyHeader header{.version = 1, .size = lf + 1, .addresses = {}};
    std::string_view rest = octets.substr(v1_signature.size(), lf - 1 - v1_signature.size());
    if (rest == "UNKNOWN" || rest.starts_with("UNKNOWN ")) return header;

    std::array<std::string_view, 5> words;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::size_t space = rest.find(' ');
        if ((space == std::string_view::npos) != (i + 1 == words.size()))
            return std::unexpected(ProxyError::malformed);
        words[i] = rest.substr(0, space);
        rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
    }
    const int family = words[0] == "TCP4" ? AF_INET : words[0] == "TCP6" ? AF_INET6 : AF_UNSPEC;
    const auto source = endpoint(family, words[1], words[3]);
    const auto destination = endpoint(family, words[2], words[4]);
    if (!source || !destination) return std::unexpected(ProxyError::malformed);
    header.addresses = ProxyHeader::Addresses{*source, *destination};
    return header;
}

std::uint16_t be16(std::string_view octets) {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(octets[0]) << 8
                                      | static_cast<unsigned char>(octets[1]));
}

std::string ip_text(int family, std::string_view octets) {
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(family, octets.data(), text, sizeof text);
    const auto address = to_socket_address({text, 0});
    return to_endpoint(address->get()).ip;  // mapped addresses as IPv4
}

Result parse_v2(std::string_view octets) {
    constexpr std::size_t fixed = 16;
    if (octets.size() < fixed) return std::unexpected(ProxyError::need_more);
    const auto version_command = static_cast<unsigned char>(octets[12]);
    const auto family_protocol = static_cast<unsigned char>(octets[13]);
    const std::size_t length = be16(octets.substr(14));
    if (version_command >> 4 != 2 || length > v2_limit) return std::unexpected(ProxyError::malformed);
    const unsigned command = version_command & 0x0f;
    if (command > 1) return std::unexpected(ProxyError::malformed);
    const unsigned family = family_protocol >> 4;
    const bool tcp = (family_protocol & 0x0f) == 1;
    const std::size_t ip_size = family == 1 ? 4 : 16;
    const bool addressed = command == 1 && tcp && (family == 1 || family == 2);
    if (addressed && length < 2 * ip_size + 4) return std::unexpected(ProxyError::malformed);
    if (octets.size() < fixed + length) return std::unexpected(ProxyError::need_more);
    ProxyHeader header{.version = 2, .size = fixed + length, .addresses = {}};
    if (!addressed) return header;
    const int af = family == 1 ? AF_INET : AF_INET6;
    const std::string_view block = octets.substr(fixed);
    header.addresses = ProxyHeader::Addresses{
        {ip_text(af, block.substr(0, ip_size)), be16(block.substr(2 * ip_size))},
        {ip_text(af, block.substr(ip_size, ip_size)), be16(block.substr(2 * ip_size + 2))}};
    return header;
}

}  // namespace

Result parse_proxy_header(std::string_view octets) {
    const auto begins = [&](std::string_view signature) {
        const std::size_t common = std::min(octets.size(), signature.size());
        return octets.substr(0, common) == signature.substr(0, common);
    };
    if (octets.empty()) return std::unexpected(ProxyError::need_more);
    const bool v1 = begins(v1_signature);
    const bool v2 = begins(v2_signature);
    if (!v1 && !v2) return std::unexpected(ProxyError::absent);
    if (v1)
        return octets.size() < v1_signature.size() ? std::unexpected(ProxyError::need_more)
                                                   : parse_v1(octets);
    return octets.size() < v2_signature.size() ? std::unexpected(ProxyError::need_more) : parse_v2(octets);
}

}  // namespace postrider::net
