#include "net/accept_proxy.h"

#include <sys/socket.h>

#include <cerrno>

#include "net/proxy_header.h"

namespace postrider::net {
namespace {

using Reason = SessionEnd::Reason;

/// Looks at up to `size` octets without taking them.
std::size_t peek(int fd, char* into, std::size_t size) {
    const ssize_t got = ::recv(fd, into, size, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) throw SessionEnd{Reason::closed, "closed before its PROXY header"};
    if (errno == EAGAIN || errno == EINTR) return 0;
    throw SessionEnd{Reason::error, "error before its PROXY header"};
}

void take(int fd, char* into, std::size_t size) {
    if (size != 0 && ::recv(fd, into, size, MSG_DONTWAIT) != static_cast<ssize_t>(size))
        throw SessionEnd{Reason::error, "lost octets of the PROXY header"};
}

}  // namespace

Task<> accept_proxy_header(SocketStream& stream, const ProxyOptions& options) {
    std::string header;
    char chunk[512];
    stream.deadline_after(options.timeout);
    while (true) {
        const std::size_t got = peek(stream.fd(), chunk, sizeof chunk);
        if (got == 0) {
            co_await stream.ready_to_read();
            continue;
        }
        const std::size_t before = header.size();
        header.append(chunk, got);
        const auto parsed = parse_proxy_header(header);
        if (!parsed && parsed.error() == ProxyError::need_more) {
            // All of it is header, so it can be taken out of the socket: no spinning on octets left there.
            take(stream.fd(), chunk, got);
            continue;
        }
        if (!parsed && parsed.error() == ProxyError::absent && options.optional && before == 0) break;
        if (!parsed) throw SessionEnd{Reason::error, "no valid PROXY header"};
        if (parsed->version == 1 ? !options.v1 : !options.v2)
            throw SessionEnd{Reason::error, "a PROXY header of a version that is not allowed"};
        take(stream.fd(), chunk, parsed->size - before);
        if (parsed->addresses) stream.endpoints(parsed->addresses->destination, parsed->addresses->source);
        break;
    }
    stream.deadline_after(std::chrono::seconds{0});
}

}  // namespace postrider::net
