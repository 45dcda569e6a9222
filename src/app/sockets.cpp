#include "app/sockets.h"

#include "net/listener.h"

namespace postrider::app {

std::expected<int, std::string> OwnSockets::listen(const net::Endpoint& address) {
    return net::listening_socket(address);
}

}  // namespace postrider::app
