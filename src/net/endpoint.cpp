#include <fmt/format.h>

#include "net/stream.h"

namespace postrider::net {

std::string Endpoint::text() const {
    if (ip.empty()) return "local";
    return ip.find(':') == std::string::npos ? fmt::format("{}:{}", ip, port)
                                             : fmt::format("[{}]:{}", ip, port);
}

}  // namespace postrider::net
