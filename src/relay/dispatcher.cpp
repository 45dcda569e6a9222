#include "relay/dispatcher.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <random>

#include "relay/sending.h"

namespace postrider::relay {
namespace {

constexpr std::size_t take_at_once = 256;
constexpr std::chrono::seconds lanes_patience{5};
/// A look goes over all that is worked on, so where a thousand destinations come and go a thousand times a
/// second, many of them are served by one look.
constexpr std::chrono::milliseconds between_looks{5};

Connections::Limits limits_of(const OutgoingSettings& settings) {
    Connections::Limits limits;
    limits.per_host = settings.max_connections_per_host;
    limits.total = settings.max_connections;
    limits.messages = settings.max_messages_per_connection;
    limits.idle = settings.idle_reuse;
    limits.bad = settings.patience.connect;
    return limits;
}

}  // namespace

Dispatcher::Dispatcher(Parts parts)
    : parts_{std::move(parts)},
      connector_{parts_.settings, parts_.attempts, parts_.log, parts_.metrics},
      counters_{parts_.metrics.counter("relay.sent", "Recipients that another server has taken over"),
                parts_.metrics.counter("relay.deferred", "Recipients put off after an attempt"),
                parts_.metrics.counter("relay.refused", "Recipients refused for good"),
                parts_.metrics.counter("relay.octets", "Octets of messages that other servers have taken"),
                parts_.metrics.gauge("relay.destinations", "Destinations that are being sent to")} {
    std::random_device chance;
    seed_ = (std::uint64_t{chance()} << 32) | chance();
    for (unsigned i = 0; i < parts_.io.size(); ++i)
        lanes_.push_back(std::make_unique<Lane>(parts_.io.at(i), parts_.workers, limits_of(parts_.settings),
                                                connections_));
    connections_.tell_others = [this](const Connections& from) { relieve_others(from); };
}

Dispatcher::~Dispatcher() = default;

void Dispatcher::start() {
    thread_ = std::thread{[this] { run(); }};
}

void Dispatcher::wake() {
    {
        std::lock_guard lock{mutex_};
        if (woken_) return;
        woken_ = true;
    }
    changed_.notify_all();
}

/// Looks for destinations whenever it is woken, and every second: messages become due by the clock.
void Dispatcher::run() {
    const std::size_t most = std::size_t{2} * parts_.settings.max_connections;
    auto next_second = std::chrono::steady_clock::now() + 1s;
    std::unique_lock lock{mutex_};
    std::chrono::steady_clock::time_point next_look{};
    while (!stopping_) {
        changed_.wait_until(lock, next_look, [&] { return stopping_.load(); });
        if (stopping_) break;
        const std::size_t active = active_;
        const std::size_t room = most > active ? std::min(most - active, take_at_once) : 0;
        woken_ = false;
        lock.unlock();
        std::vector<std::string> destinations;
        if (room != 0) destinations = parts_.outbound.take_destinations(room);
        for (std::string& one : destinations) begin(std::move(one));
        const bool more = room != 0 && destinations.size() == room;
        next_look =
            more ? std::chrono::steady_clock::time_point{} : std::chrono::steady_clock::now() + between_looks;
        if (const auto now = std::chrono::steady_clock::now(); now >= next_second) {
            each_second();
            next_second = now + 1s;
        }
        lock.lock();
        if (!more) changed_.wait_until(lock, next_second, [&] { return stopping_ || woken_; });
    }
}

void Dispatcher::begin(std::string destination) {
    {
        std::lock_guard lock{mutex_};
        ++active_;
    }
    counters_.destinations.add();
    auto sending = std::make_shared<Sending>(shared_from_this(), std::move(destination));
    net::asio::co_spawn(parts_.io.next(), Sending::begin(std::move(sending)), net::asio::detached);
}

void Dispatcher::ended() {
    counters_.destinations.sub();
    {
        std::lock_guard lock{mutex_};
        --active_;
        woken_ = true;  // it may have more by now, and there is room for another
    }
    changed_.notify_all();
}

void Dispatcher::each_second() {
    for (const auto& lane : lanes_)
        net::asio::post(lane->context, [self = shared_from_this(), &one = *lane] {
            one.connections.tick();
            std::erase_if(one.sendings, [](const std::weak_ptr<Sending>& weak) {
                const auto sending = weak.lock();
                if (sending) Sending::look_again(sending);
                return !sending;
            });
        });
}

void Dispatcher::relieve_others(const Connections& from) {
    for (const auto& lane : lanes_)
        if (&lane->connections != &from && !lane->told.exchange(true))
            net::asio::post(lane->context, [self = shared_from_this(), &one = *lane] {
                one.told = false;
                one.connections.relieve();
            });
}

void Dispatcher::stop(std::chrono::milliseconds grace) {
    {
        std::lock_guard lock{mutex_};
        if (stopping_.exchange(true)) return;
    }
    changed_.notify_all();
    if (!thread_.joinable()) return;
    thread_.join();
    // Idle connections must not outlive the I/O threads: this is waited for, whatever the grace.
    const std::size_t closing = lanes_.size();
    for (const auto& lane : lanes_)
        net::asio::post(lane->context, [self = shared_from_this(), &one = *lane] {
            one.connections.stop();
            {
                std::lock_guard lock{self->mutex_};
                ++self->lanes_stopped_;
            }
            self->changed_.notify_all();
        });
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, lanes_patience, [&] { return lanes_stopped_ == closing; });
    if (!changed_.wait_for(lock, grace, [&] { return active_ == 0; }) && grace.count() > 0)
        parts_.log.warning({}, "{} destinations are left while a message is on its way: it may be sent again",
                           active_.load());
}

Dispatcher::Lane& Dispatcher::lane_of(const std::string& host) {
    return *lanes_[std::hash<std::string>{}(host) % lanes_.size()];
}

HostRules Dispatcher::host_rules(std::uint16_t port) {
    HostRules rules = parts_.us;
    rules.ipv6 = parts_.settings.ipv6;
    rules.port = port;
    rules.seed = seed_.fetch_add(0x9e3779b97f4a7c15U, std::memory_order_relaxed);
    return rules;
}

}  // namespace postrider::relay
