#include "relay/own_addresses.h"

#include <ifaddrs.h>

#include <algorithm>

#include "net/socket_address.h"

namespace postrider::relay {

OwnAddresses::OwnAddresses(const std::vector<std::string>& listeners, std::vector<std::string> interfaces)
    : interfaces_{std::move(interfaces)} {
    for (const std::string& text : listeners)
        if (auto endpoint = net::parse_endpoint(text)) listeners_.push_back(std::move(*endpoint));
}

bool OwnAddresses::has(const std::string& ip, std::uint16_t port) const {
    const bool six = ip.find(':') != std::string::npos;
    // All of 127.0.0.0/8 is this machine, though the interface names one address.
    const bool here = ip.starts_with("127.") || ip == "0.0.0.0" || ip == "::" || ip == "::1"
                      || std::ranges::find(interfaces_, ip) != interfaces_.end();
    return std::ranges::any_of(listeners_, [&](const net::Endpoint& listener) {
        if (listener.port != port) return false;
        const bool any = listener.ip == "::" || (listener.ip == "0.0.0.0" && !six);
        return listener.ip == ip || (any && here);
    });
}

std::vector<std::string> OwnAddresses::of_this_machine() {
    std::vector<std::string> out;
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return out;
    for (const ifaddrs* one = all; one; one = one->ifa_next)
        if (one->ifa_addr)
            if (std::string ip = net::to_endpoint(one->ifa_addr).ip; !ip.empty())
                out.push_back(std::move(ip));
    ::freeifaddrs(all);
    return out;
}

}  // namespace postrider::relay
