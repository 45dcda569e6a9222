#include "observe/log_receiver.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "observe/line.h"
#include "observe/udp.h"

namespace postrider::observe {

class LogReceiver::Impl {
public:
    Impl(LogService& service, Metrics& metrics, UdpSocket socket, int wake, Welcome welcome)
        : service_{service},
          refused_{metrics.counter("log.refused", "Datagrams that were no log lines or not welcome.")},
          socket_{std::move(socket)},
          wake_{wake},
          welcome_{std::move(welcome)},
          thread_{[this] { run(); }} {}

    ~Impl() {
        std::uint64_t one = 1;
        while (::write(wake_, &one, sizeof one) < 0 && errno == EINTR) {
        }
        thread_.join();
        ::close(wake_);
    }

    std::uint16_t port() const { return socket_.local_port(); }

private:
    void run() {
        std::string buffer(65'536, '\0');
        pollfd watched[2] = {{socket_.fd(), POLLIN, 0}, {wake_, POLLIN, 0}};
        for (;;) {
            if (::poll(watched, 2, -1) < 0 && errno != EINTR) return;
            if ((watched[1].revents & POLLIN) != 0) return;
            for (int i = 0; i < 1000 && receive(buffer); ++i) {  // a flood must not keep us from leaving
            }
        }
    }

    bool receive(std::string& buffer) {
        Endpoint from;
        from.size = sizeof from.address;
        ssize_t size = ::recvfrom(socket_.fd(), buffer.data(), buffer.size(), 0,
                                  reinterpret_cast<sockaddr*>(&from.address), &from.size);
        if (size < 0) return errno == EINTR;
        std::string ip = from.ip();
        if (ip.starts_with("::ffff:")) ip = ip.substr(7);  // a v4 sender at a v6 socket
        auto line = parse_line(std::string_view{buffer}.substr(0, static_cast<std::size_t>(size)));
        if (!line || (welcome_ && !welcome_(ip))) {
            refused_.add();
        } else {
            service_.accept_remote(*line, ip);
        }
        return true;
    }

    LogService& service_;
    Counter& refused_;
    UdpSocket socket_;
    int wake_;
    Welcome welcome_;
    std::thread thread_;  // last: it uses the others
};

LogReceiver::LogReceiver(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
LogReceiver::~LogReceiver() = default;
std::uint16_t LogReceiver::port() const {
    return impl_->port();
}

std::expected<std::unique_ptr<LogReceiver>, std::string> LogReceiver::open(LogService& service,
                                                                           Metrics& metrics,
                                                                           const std::string& address,
                                                                           Welcome welcome) {
    auto endpoint = parse_endpoint(address);
    if (!endpoint) return std::unexpected(fmt::format("{} is not an IP:port", address));
    UdpSocket socket{endpoint->address.ss_family};
    if (!socket.is_open() || !socket.bind(*endpoint)) {
        return std::unexpected(fmt::format("cannot listen on {} (UDP): {}", address, std::strerror(errno)));
    }
    int wake = ::eventfd(0, EFD_CLOEXEC);
    if (wake < 0) return std::unexpected(fmt::format("cannot make an eventfd: {}", std::strerror(errno)));
    auto impl = std::make_unique<Impl>(service, metrics, std::move(socket), wake, std::move(welcome));
    return std::unique_ptr<LogReceiver>{new LogReceiver{std::move(impl)}};
}

}  // namespace postrider::observe
