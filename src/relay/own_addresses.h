#pragma once

#include <string>
#include <vector>

#include "net/stream.h"

namespace postrider::relay {

/// Where mail comes in to this server: what is sent there comes back (RFC 5321 §5.1, §6.3).
class OwnAddresses {
public:
    /// @param listeners  "0.0.0.0:25", "[::]:25", "192.0.2.1:25"
    /// @param interfaces  addresses of this machine
    OwnAddresses(const std::vector<std::string>& listeners, std::vector<std::string> interfaces);

    bool has(const std::string& ip, std::uint16_t port) const;

    /// Addresses of the network interfaces that are there now.
    static std::vector<std::string> of_this_machine();

private:
    std::vector<net::Endpoint> listeners_;
    std::vector<std::string> interfaces_;
};

}  // namespace postrider::relay
