#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::filter {

/// Where a companion program listens.
struct ScannerAddress {
    std::string host;  ///< a name, or a numeric address without brackets; "" for a local socket
    std::uint16_t port = 0;
    std::string path;  ///< of a local socket; at most 107 octets (sockaddr_un)
    bool local() const { return !path.empty(); }
    std::string text() const;  ///< "127.0.0.1:783", "[::1]:783", "/run/clamav/clamd.ctl"
    friend bool operator==(const ScannerAddress&, const ScannerAddress&) = default;
};

/// inet://host:port, inet://[2001:db8::1]:port, local:///path; nothing when it is none of them.
std::optional<ScannerAddress> parse_scanner_address(std::string_view text);

}  // namespace postrider::filter
