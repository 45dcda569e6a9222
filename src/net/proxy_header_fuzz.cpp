#include <cstdint>
#include <cstdlib>

#include "net/proxy_header.h"
#include "net/socket_address.h"

using namespace postrider::net;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view octets{reinterpret_cast<const char*>(data), size};
    const auto parsed = parse_proxy_header(octets);
    if (!parsed) {
        // An incomplete header stays incomplete however much shorter it is, and never grows past its limit.
        if (parsed.error() == ProxyError::need_more) {
            require(size < 16 + 2048);
            if (size > 0)
                require(parse_proxy_header(octets.substr(0, size - 1)).error() == ProxyError::need_more);
        }
        return 0;
    }
    require(parsed->size > 0 && parsed->size <= size);
    require(parsed->version == 1 ? parsed->size <= 107 : parsed->size >= 16);
    const std::string_view header = octets.substr(0, parsed->size);
    const auto again = parse_proxy_header(header);  // what follows the header does not matter
    require(again && again->size == parsed->size);
    for (std::size_t i = 0; i < header.size(); i += 7)
        require(parse_proxy_header(header.substr(0, i)).error() == ProxyError::need_more);
    if (!parsed->addresses) return 0;
    for (const Endpoint& one : {parsed->addresses->source, parsed->addresses->destination}) {
        require(to_socket_address(one).has_value());
        require(parse_endpoint(one.text()) == one);
    }
    return 0;
}
