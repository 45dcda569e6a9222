#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "relay/session/client.h"

namespace postrider::relay {

/// The connections of one I/O thread: shared by all that goes to the same host. How many a host gets depends
/// on how it bears them: two at first, one more with each message that it takes while others wait; half of
/// them when it refuses, hangs up or does not answer. Everything is called on that thread.
class Connections {
public:
    using Steady = std::chrono::steady_clock;
    struct Limits {
        unsigned per_host = 20;
        unsigned total = 500;  ///< over all threads
        unsigned messages = 1000;
        std::chrono::seconds idle{5};
        std::chrono::seconds bad{30};  ///< how long a host that did not answer is left alone
    };

    /// What all threads share. Who frees a place looks at `starving` afterwards, and who starves looks at
    /// `open` after having said so: one of the two sees the other.
    struct Total {
        std::atomic<unsigned> open{0};
        std::atomic<unsigned> starving{0};  ///< who waits only because there are too many in all
        /// Has the other threads call relieve(): somebody starves, or there is room for who does. May be
        /// empty.
        std::function<void(const Connections& from)> tell_others;
    };
    /// `total` counts the connections of all threads; it must live longer.
    Connections(Limits limits, Total& total) : limits_{limits}, total_{total} {}

    /// What somebody gets who asks for a connection.
    struct Place {
        std::unique_ptr<Client> client;  ///< one that stands; nothing: open one, and say opened() or failed()
        std::optional<Trouble> bad;      ///< the host has failed a moment ago: no connection
        bool stopped = false;            ///< the server stops: no connection
    };
    /// Waits for its turn.
    net::Task<Place> ask(std::string key);
    /// The connection that ask() allowed could not be made.
    void failed(const std::string& key, const Trouble& trouble);
    /// Done with a connection. The host took what it was given (`good`), or not.
    void give_back(const std::string& key, std::unique_ptr<Client> client);
    /// The connection is of no more use: closed by the host, or by time.
    void lost(const std::string& key, bool overloaded);
    /// The host has closed one that was idle: it will have closed the others too.
    void drop_idle(const std::string& key);
    /// The host has taken a message.
    void took(const std::string& key);
    /// Other connections to this host stand: a new one that it would not take says little.
    bool alive(const std::string& key) const;
    /// Somebody waits for a connection to this host: let go of yours now and then.
    bool wanted(const std::string& key) const;
    /// Another thread has made room, or needs some: serves those who starve, closes what idles meanwhile.
    void relieve();
    /// Once a second: closes what has been idle, forgets hosts.
    void tick();
    /// Everybody who waits gets `stopped`; idle connections are closed.
    void stop();

private:
    struct Waiter {
        Place place;
        std::function<void(bool)> resume;
    };
    struct HostState;
    struct Idle {
        std::unique_ptr<Client> client;
        Steady::time_point since;
        std::list<HostState*>::iterator place;  ///< among all that are idle
    };
    struct HostState {
        unsigned open = 0;  ///< connections that stand, are used, or are being made
        unsigned target = 2;
        bool starves = false;  ///< it stands in starving_
        std::deque<Waiter*> waiting;
        std::vector<Idle> idle;
        Steady::time_point bad_until{};
        Steady::time_point grow_after{};
        Steady::time_point used{};
        Trouble why;
    };

    bool room(const HostState& host) const;
    void take_slot(HostState& host);
    void free_slot(HostState& host);
    /// One of the host's idle connections, which there must be: the one idle longest, or shortest.
    std::unique_ptr<Client> take_idle(HostState& host, bool oldest);
    void serve_waiting(HostState& host);
    void close(HostState& host, std::unique_ptr<Client> client);
    bool close_some_idle();
    void tell_others() const;
    void starve(HostState& host);
    void serve_starving();

    Limits limits_;
    Total& total_;
    std::unordered_map<std::string, HostState> hosts_;
    std::list<HostState*>
        idle_;  ///< one for each connection that is idle, in the order in which they became it
    /// Hosts with somebody who waits only because there are too many connections in all.
    std::deque<HostState*> starving_;
    bool stopping_ = false;
};

}  // namespace postrider::relay
