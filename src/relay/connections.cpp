#include "relay/connections.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "net/suspend.h"

namespace postrider::relay {
namespace {

constexpr std::size_t forget_above = 10'000;  ///< hosts that are remembered though nothing is open
constexpr std::chrono::seconds remember{60};
constexpr std::chrono::seconds no_growth{5};

net::Task<> say_quit(std::unique_ptr<Client> client) {
    co_await client->quit();
}

}  // namespace

bool Connections::room(const HostState& host) const {
    return host.open < std::min(host.target, limits_.per_host) && total_.open.load() < limits_.total;
}

void Connections::take_slot(HostState& host) {
    ++host.open;
    total_.open.fetch_add(1);
}

void Connections::free_slot(HostState& host) {
    --host.open;
    total_.open.fetch_sub(1);
    if (total_.starving.load() > starving_.size()) tell_others();
}

void Connections::tell_others() const {
    if (total_.tell_others) total_.tell_others(*this);
}

std::unique_ptr<Client> Connections::take_idle(HostState& host, bool oldest) {
    const auto at = oldest ? host.idle.begin() : std::prev(host.idle.end());
    std::unique_ptr<Client> client = std::move(at->client);
    idle_.erase(at->place);
    host.idle.erase(at);
    return client;
}

net::Task<Connections::Place> Connections::ask(std::string key) {
    HostState& host = hosts_[key];
    host.used = Steady::now();
    Place place;
    if (stopping_) {
        place.stopped = true;
        co_return place;
    }
    if (!host.idle.empty()) {
        place.client = take_idle(host, false);
        co_return place;
    }
    if (host.bad_until > host.used) {
        place.bad = host.why;
        co_return place;
    }
    if (host.waiting.empty()
        && (room(host) || (host.open < host.target && close_some_idle() && room(host)))) {
        take_slot(host);
        co_return place;
    }
    Waiter waiter;
    host.waiting.push_back(&waiter);
    auto start = [this, &waiter, &host](std::function<void(bool)> resume) {
        waiter.resume = std::move(resume);
        serve_waiting(host);  // or it starves
    };
    co_await net::suspend<bool>(std::move(start));
    co_return std::move(waiter.place);
}

/// Whoever waits gets an idle connection or leave to open one, first come, first served.
void Connections::serve_waiting(HostState& host) {
    while (!host.waiting.empty()) {
        Waiter* first = host.waiting.front();
        if (stopping_) {
            first->place.stopped = true;
        } else if (!host.idle.empty()) {
            first->place.client = take_idle(host, false);
        } else if (host.bad_until > Steady::now()) {
            first->place.bad = host.why;
        } else if (room(host)) {
            take_slot(host);
        } else {
            if (host.open < std::min(host.target, limits_.per_host)) starve(host);
            if (!room(host)) return;  // another thread has made some, and did not yet know who starves
            continue;
        }
        host.waiting.pop_front();
        first->resume(true);
    }
}

void Connections::failed(const std::string& key, const Trouble& trouble) {
    HostState& host = hosts_[key];
    free_slot(host);
    const Steady::time_point now = Steady::now();
    host.target = std::max(1U, host.open / 2);
    host.grow_after = now + no_growth;
    // While others stand, the host is there and has only had enough of us.
    if (host.open == 0) {
        host.bad_until = now + limits_.bad;
        host.why = trouble;
    }
    serve_waiting(host);
    serve_starving();
}

void Connections::lost(const std::string& key, bool overloaded) {
    HostState& host = hosts_[key];
    free_slot(host);
    if (overloaded) {
        host.target = std::max(1U, std::min(host.target, host.open + 1) / 2);
        host.grow_after = Steady::now() + no_growth;
    }
    serve_waiting(host);
    serve_starving();
}

void Connections::drop_idle(const std::string& key) {
    HostState& host = hosts_[key];
    while (!host.idle.empty()) close(host, take_idle(host, true));
    serve_waiting(host);
}

void Connections::took(const std::string& key) {
    HostState& host = hosts_[key];
    host.bad_until = {};
    if (host.waiting.empty() || host.target >= limits_.per_host) return;
    if (host.grow_after > Steady::now()) return;
    ++host.target;
    serve_waiting(host);
}

bool Connections::alive(const std::string& key) const {
    const auto at = hosts_.find(key);
    return at != hosts_.end() && at->second.open != 0;
}

bool Connections::wanted(const std::string& key) const {
    const auto at = hosts_.find(key);
    return at != hosts_.end() && !at->second.waiting.empty();
}

void Connections::close(HostState& host, std::unique_ptr<Client> client) {
    free_slot(host);
    auto executor = client->stream().executor();
    net::asio::co_spawn(executor, say_quit(std::move(client)), net::asio::detached);
}

void Connections::give_back(const std::string& key, std::unique_ptr<Client> client) {
    HostState& host = hosts_[key];
    host.used = Steady::now();
    const std::size_t most = client->offers().mail_max == 0 ? limits_.messages : client->offers().mail_max;
    const bool needed_here = !host.waiting.empty();
    const bool keep = !stopping_ && (needed_here || total_.starving.load() == 0)
                      && client->messages() < std::min<std::size_t>(most, limits_.messages)
                      && host.open <= host.target && (limits_.idle.count() > 0 || !host.waiting.empty());
    if (keep)
        host.idle.push_back({std::move(client), host.used, idle_.insert(idle_.end(), &host)});
    else
        close(host, std::move(client));
    serve_waiting(host);
    serve_starving();
}

void Connections::starve(HostState& host) {
    if (host.starves) return;
    host.starves = true;
    starving_.push_back(&host);
    total_.starving.fetch_add(1);
    tell_others();  // who may keep idle ones
}

/// Whoever waits because of the total comes first when there is room again.
void Connections::serve_starving() {
    for (std::size_t rounds = starving_.size(); rounds > 0; --rounds) {
        if (!stopping_ && total_.open.load() >= limits_.total && !close_some_idle()) return;
        HostState& host = *starving_.front();
        starving_.pop_front();
        host.starves = false;
        total_.starving.fetch_sub(1);
        serve_waiting(host);  // it starves again if another thread was quicker
    }
}

/// A connection that nobody uses makes room for one that is needed.
bool Connections::close_some_idle() {
    if (idle_.empty()) return false;
    HostState& host = *idle_.front();
    close(host, take_idle(host, true));
    return true;
}

void Connections::tick() {
    const Steady::time_point now = Steady::now();
    for (auto at = hosts_.begin(); at != hosts_.end();) {
        HostState& host = at->second;
        while (!host.idle.empty() && now - host.idle.front().since >= limits_.idle)
            close(host, take_idle(host, true));
        serve_waiting(host);  // where the total was the limit
        const bool unused = host.open == 0 && host.waiting.empty() && !host.starves && host.bad_until <= now;
        if (unused && (now - host.used > remember || hosts_.size() > forget_above))
            at = hosts_.erase(at);
        else
            ++at;
    }
    relieve();
}

void Connections::relieve() {
    serve_starving();
    while (total_.starving.load() != 0 && total_.open.load() >= limits_.total && close_some_idle()) {
    }
}

void Connections::stop() {
    stopping_ = true;
    for (auto& [key, host] : hosts_) {
        while (!host.idle.empty()) close(host, take_idle(host, true));
        serve_waiting(host);
    }
}

}  // namespace postrider::relay
