#include "filter/scan/address.h"

#include <fmt/format.h>
#include <sys/un.h>

#include <charconv>

#include "text/ascii.h"

namespace postrider::filter {
namespace {

bool host_octet(char c) {
    return text::is_alpha(c) || text::is_digit(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '%';
}

}  // namespace

std::string ScannerAddress::text() const {
    if (local()) return path;
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                               : fmt::format("[{}]:{}", host, port);
}

std::optional<ScannerAddress> parse_scanner_address(std::string_view text) {
    ScannerAddress address;
    if (text::starts_with_ci(text, "local://")) {
        text.remove_prefix(8);
        if (!text.starts_with('/') || text.size() >= sizeof(sockaddr_un::sun_path)) return std::nullopt;
        if (text.find('\0') != std::string_view::npos) return std::nullopt;
        address.path = text;
        return address;
    }
    if (!text::starts_with_ci(text, "inet://")) return std::nullopt;
    text.remove_prefix(7);
    if (text.ends_with('/')) text.remove_suffix(1);
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc{} || end != port.data() + port.size() || address.port == 0) return std::nullopt;
    const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (host.empty() || host.size() > 255 || (!bracketed && host.find(':') != std::string_view::npos))
        return std::nullopt;
    for (char c : host)
        if (!host_octet(c)) return std::nullopt;
    address.host = host;
    return address;
}

}  // namespace postrider::filter
