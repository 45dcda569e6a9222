#include "net/connect.h"

#include <sys/socket.h>

#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <system_error>

#include "net/socket_address.h"
#include "net/socket_stream.h"
#include "net/unique_fd.h"

namespace postrider::net {
namespace {

[[noreturn]] void fail(const ConnectOptions& options, const std::string& why) {
    throw SessionEnd{SessionEnd::Reason::error, "cannot connect to " + options.to.text() + ": " + why};
}

[[noreturn]] void fail(const ConnectOptions& options, int error) {
    fail(options, std::error_code{error, std::generic_category()}.message());
}

/// A non-blocking socket on its way to the peer.
UniqueFd begin(const ConnectOptions& options) {
    const auto address = to_socket_address(options.to);
    if (!address) fail(options, "not an address");
    UniqueFd fd{::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd) fail(options, errno);
    if (!options.source_ip.empty()) {
        const auto source = to_socket_address({options.source_ip, 0});
        if (!source || source->storage.ss_family != address->storage.ss_family)
            fail(options, options.source_ip + " is not an address of the same family");
        const auto* from = reinterpret_cast<const sockaddr*>(&source->storage);
        if (::bind(fd.get(), from, source->size) != 0) fail(options, errno);
    }
    const auto* to = reinterpret_cast<const sockaddr*>(&address->storage);
    if (::connect(fd.get(), to, address->size) != 0 && errno != EINPROGRESS) fail(options, errno);
    return fd;
}

}  // namespace

Task<std::unique_ptr<Stream>> connect(ConnectOptions options) {
    const Executor executor = co_await asio::this_coro::executor;
    asio::io_context& context = asio::query(executor, asio::execution::context);
    UniqueFd fd = begin(options);
    auto stream = std::make_unique<SocketStream>(context, fd.release(), Endpoint{}, options.to);
    stream->deadline_after(options.connect_timeout);
    co_await stream->ready_to_write();
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(stream->fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) fail(options, error);
    stream->endpoints(local_endpoint(stream->fd()), options.to);
    stream->deadline_after(std::chrono::seconds{0});
    if (options.idle_timeout.count() != 0) stream->idle_timeout(options.idle_timeout);
    if (options.tls) {
        TlsPeer expected{std::move(options.server_name)};
        co_await stream->start_tls_client(options.tls, std::move(expected));
    }
    std::unique_ptr<Stream> out = std::move(stream);
    co_return out;
}

Task<std::unique_ptr<Stream>> connect_to_any(std::vector<Endpoint> addresses, ConnectOptions options) {
    SessionEnd last{SessionEnd::Reason::error, "there is no address to connect to"};
    for (Endpoint& to : addresses) {
        ConnectOptions one = options;
        one.to = std::move(to);
        std::unique_ptr<Stream> stream;
        try {
            stream = co_await connect(std::move(one));
        } catch (const SessionEnd& end) {
            last = end;
        }
        if (stream) co_return std::move(stream);
    }
    throw last;
}

}  // namespace postrider::net
