#pragma once

#include <deque>

#include "net/pause.h"
#include "relay/dispatcher.h"

namespace postrider::relay {

/// One destination while it is worked on: finds its hosts, then several workers, each with one connection at
/// a time, take messages from a common backlog. All on the I/O thread of its first host, so that connections
/// can be shared with other destinations of that host.
class Sending : public std::enable_shared_from_this<Sending> {
public:
    Sending(std::shared_ptr<Dispatcher> dispatcher, std::string destination);

    static net::Task<> begin(std::shared_ptr<Sending> self);
    /// Called every second: new messages may be there for one that has seen none for a while.
    static void look_again(const std::shared_ptr<Sending>& self);

private:
    using Steady = std::chrono::steady_clock;
    /// Memory of a message, given back to the common budget when it goes.
    class Share {
    public:
        Share() = default;
        Share(std::atomic<std::size_t>& held, std::size_t octets) : held_{&held}, octets_{octets} {
            held.fetch_add(octets, std::memory_order_relaxed);
        }
        Share(Share&& other) noexcept : held_{std::exchange(other.held_, nullptr)}, octets_{other.octets_} {}
        Share& operator=(Share&& other) noexcept {
            std::swap(held_, other.held_);
            std::swap(octets_, other.octets_);
            return *this;
        }
        ~Share() {
            if (held_) held_->fetch_sub(octets_, std::memory_order_relaxed);
        }

    private:
        std::atomic<std::size_t>* held_ = nullptr;
        std::size_t octets_ = 0;
    };
    struct Item {
        delivery::Consignment consignment;
        std::optional<Content> content;
        Share share;
        Wish wish = Wish::nothing;  ///< while it is being sent
    };
    /// What a connection must be like to carry a message.
    struct Manner {
        const Route* route = nullptr;
        Wish wish = Wish::nothing;
        RouteTable::From four, six;
        std::size_t first_host = 0;  ///< those before it have been tried
        friend bool operator==(const Manner& a, const Manner& b) {
            return a.first_host == b.first_host && a.route == b.route && a.wish == b.wish
                   && a.four.ip == b.four.ip && a.six.ip == b.six.ip && a.four.helo == b.four.helo;
        }
    };
    struct Lease {
        std::unique_ptr<Client> client;
        std::string key;
        Manner manner;
        std::size_t host = 0;  ///< which of the destination's hosts it is
        unsigned served = 0;
    };

    net::Task<bool> find();
    net::Task<> refuse_all(NoRoute why);
    static net::Task<> work(std::shared_ptr<Sending> self);
    static net::Task<> worker(std::shared_ptr<Sending> self);
    net::Task<> carry(Lease& lease);
    net::Task<> fetch();
    void add_workers();
    net::Task<> finish();
    net::Task<bool> load(Item& item);
    net::Task<> deliver(Item item, Lease& lease);
    net::Task<bool> without_host(Item& item, Trouble trouble, bool unable);
    net::Task<Client::Result> transact(const Item& item, Manner manner, Lease& lease);
    net::Task<std::optional<Trouble>> get_lease(Manner manner, Lease& lease);
    net::Task<> settle(const Item& item, std::vector<delivery::Fate> fates);
    net::Task<> fail_item(const Item& item, bool permanent, std::string status, std::string text);
    static Wish wish_of(const Item& item);
    Manner manner_of(const Item& item) const;
    DomainSecurity security_for(const Manner& manner) const;
    void let_go(Lease& lease);

    /// Runs what may block on a worker; waits when all are busy. `job` is a named local given with std::move.
    template <class Job>
    net::Task<> on_worker(Job job) {
        while (true) {
            bool overloaded = false;
            auto run = [&job] { job(); };
            try {
                co_await d_.parts_.workers.run(std::move(run));
            } catch (const net::WorkerPool::Overloaded&) {
                overloaded = true;
            }
            if (!overloaded) co_return;
            co_await net::pause(std::chrono::milliseconds{50});
        }
    }

    std::shared_ptr<Dispatcher> keep_;
    Dispatcher& d_;
    std::string destination_;
    const Route* smart_host_ = nullptr;
    Hosts hosts_;
    StsPolicy sts_;
    Dispatcher::Lane* lane_ = nullptr;
    std::deque<Item> backlog_;
    bool exhausted_ = false, fetching_ = false;
    unsigned workers_ = 0;
    bool said_up_ = false;
    std::optional<Trouble> failed_;
    unsigned broken_in_a_row_ = 0;
    Steady::time_point fetched_{};
};

}  // namespace postrider::relay
