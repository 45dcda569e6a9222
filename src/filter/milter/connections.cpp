#include "filter/milter/connections.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/execution/context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "net/connect.h"
#include "net/socket_address.h"
#include "net/socket_stream.h"
#include "net/unique_fd.h"

namespace postrider::filter::milter {
namespace {

namespace asio = boost::asio;

constexpr std::size_t most_idle = 20;  // for one filter, on one thread
constexpr std::size_t most_addresses = 8;
constexpr std::size_t most_distrusted = 1000;
constexpr dns::Type address_types[] = {dns::Type::a, dns::Type::aaaa};

std::string address_text(const std::string& rdata) {
    char text[INET6_ADDRSTRLEN] = "";
    if (rdata.size() != 4 && rdata.size() != 16) return {};
    ::inet_ntop(rdata.size() == 4 ? AF_INET : AF_INET6, rdata.data(), text, sizeof text);
    return text;
}

/// A local socket takes a connection at once, or not at all.
net::UniqueFd connect_local(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
    net::UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw net::SessionEnd{net::SessionEnd::Reason::error,
                              fmt::format("cannot connect to {}: {}", path,
                                          std::error_code{errno, std::generic_category()}.message())};
    return fd;
}

}  // namespace

Connections::Connections(dns::Resolver* resolver, observe::Metrics& metrics)
    : resolver_{resolver},
      opened_{metrics.counter("filter.milter.connections", "Connections to milters")},
      failed_{metrics.counter("filter.milter.failures", "Connections to milters that came to nothing")} {}

Connections::~Connections() = default;

Connections::Key Connections::key(const MilterSettings& milter, const net::Executor& executor) {
    return {&asio::query(executor, asio::execution::context),
            fmt::format("{} {} {} {}", milter.address, milter.protocol_version,
                        milter.command_timeout.count(), milter.content_timeout.count())};
}

net::Task<std::unique_ptr<net::Stream>> Connections::open(const ScannerAddress& to,
                                                          std::chrono::seconds limit) {
    if (to.local()) {
        const net::Executor executor = co_await asio::this_coro::executor;
        asio::io_context& context = asio::query(executor, asio::execution::context);
        net::UniqueFd fd = connect_local(to.path);
        std::unique_ptr<net::Stream> stream =
            std::make_unique<net::SocketStream>(context, fd.release(), net::Endpoint{}, net::Endpoint{});
        co_return stream;
    }
    std::vector<std::string> addresses;
    if (net::to_socket_address({to.host, to.port})) {
        addresses.push_back(to.host);
    } else if (to.host == "localhost") {
        addresses = {"127.0.0.1", "::1"};
    } else if (resolver_ != nullptr) {
        for (const dns::Type type : address_types) {
            std::string name = to.host;
            const dns::Answer answer = co_await resolver_->query(std::move(name), type);
            for (const std::string& record : answer.records)
                if (addresses.size() < most_addresses) addresses.push_back(address_text(record));
        }
    }
    std::string why = "cannot connect to " + to.text() + ": the name has no address";
    for (const std::string& address : addresses) {
        net::ConnectOptions options;
        options.to = {address, to.port};
        options.connect_timeout = limit;
        options.idle_timeout = std::chrono::seconds{0};
        try {
            std::unique_ptr<net::Stream> stream = co_await net::connect(std::move(options));
            co_return stream;
        } catch (const net::SessionEnd& end) {
            if (end.reason() == net::SessionEnd::Reason::shutdown) throw;
            why = end.what();
        }
    }
    throw net::SessionEnd{net::SessionEnd::Reason::error, why};
}

net::Task<Connections::Taken> Connections::take(const MilterSettings& milter, bool fresh) {
    const net::Executor executor = co_await asio::this_coro::executor;
    Taken taken;
    std::vector<Idle> old;  // ended after the lock is given back, on their own thread
    if (!fresh) {
        std::lock_guard lock{mutex_};
        auto& idle = idle_[key(milter, executor)];
        while (!idle.empty() && !taken.session) {
            Idle last = std::move(idle.back());
            idle.pop_back();
            if (last.until > Steady::now() && last.session->quiet())
                taken.session = std::move(last.session);
            else
                old.push_back(std::move(last));
        }
    }
    taken.used_before = taken.session != nullptr;
    if (taken.session) co_return taken;

    const auto address = parse_scanner_address(milter.address);
    if (!address)
        throw Nonsense{fmt::format("'{}' is neither inet://host:port nor local:///path", milter.address)};
    bool stands = false;
    try {
        std::unique_ptr<net::Stream> stream = co_await open(*address, milter.connect_timeout);
        const Times times{milter.connect_timeout, milter.command_timeout, milter.content_timeout};
        taken.session = std::make_unique<Session>(std::move(stream), times);
        co_await taken.session->negotiate(milter.protocol_version);
        stands = true;
        opened_.add();
    } catch (...) {
        if (!stands) failed_.add();
        throw;
    }
    co_return taken;
}

bool Connections::keeps(const MilterSettings& milter) {
    if (milter.idle_timeout.count() == 0) return false;
    std::lock_guard lock{mutex_};
    return !distrusted_.contains(milter.address);
}

void Connections::distrust(const MilterSettings& milter) {
    std::lock_guard lock{mutex_};
    if (distrusted_.size() < most_distrusted) distrusted_.insert(milter.address);
}

void Connections::keep(const MilterSettings& milter, std::unique_ptr<Session> session,
                       net::Executor executor) {
    const Key mine = key(milter, executor);
    const auto now = Steady::now();
    std::lock_guard lock{mutex_};
    // What has been idle for too long on this thread goes, also that of filters which are set up no more.
    for (auto it = idle_.lower_bound({mine.first, ""}); it != idle_.end() && it->first.first == mine.first;) {
        std::erase_if(it->second, [now](const Idle& one) { return one.until <= now; });
        it = it->second.empty() ? idle_.erase(it) : std::next(it);
    }
    auto& idle = idle_[mine];
    if (idle.size() < most_idle) idle.push_back({std::move(session), Steady::now() + milter.idle_timeout});
}

}  // namespace postrider::filter::milter
