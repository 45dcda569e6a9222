#include "relay/sending.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "net/pause.h"
#include "text/ascii.h"

namespace postrider::relay {
namespace {

using delivery::Consignment;
using delivery::Fate;

constexpr std::size_t first_fetch = 32, next_fetch = 128;
constexpr std::size_t read_along = 256 * 1024;  ///< a message up to this size is read with the queue entries
constexpr std::size_t few = 4;  ///< messages that one connection takes while others could be opened
/// With so many destinations at work there is enough to send at the same time, and a further connection to
/// one of them is only a further greeting. A host that turns out to be slow gets it all the same, after a
/// second.
constexpr std::size_t many_destinations = 50, some_for_one = 16;
constexpr unsigned turns = 10;  ///< messages of one destination while others wait for the host

}  // namespace

Sending::Sending(std::shared_ptr<Dispatcher> dispatcher, std::string destination)
    : keep_{std::move(dispatcher)}, d_{*keep_}, destination_{std::move(destination)} {}

/// What is short and only writes down what has happened.
net::Task<> Sending::on_ledger(std::function<void()> job) {
    if (!lane_) {  // nothing has been sent
        co_await on_worker(std::move(job));
        co_return;
    }
    while (true) {
        const bool done = co_await lane_->ledger.run(job);
        if (done) co_return;
        co_await net::pause(std::chrono::milliseconds{50});
    }
}

net::Task<> Sending::begin(std::shared_ptr<Sending> self) {
    bool found = false;
    try {
        found = co_await self->find();
        if (!found && self->hosts_.failure && self->hosts_.failure->permanent) {
            NoRoute why = *self->hosts_.failure;
            co_await self->refuse_all(std::move(why));
        }
    } catch (const std::exception& error) {
        self->d_.parts_.log.error({}, "{}: {}", self->destination_, error.what());
        self->failed_ = Trouble{.status = "4.3.0", .text = error.what()};
        found = false;
    }
    if (!found) {
        co_await self->finish();
        co_return;
    }
    self->lane_ = &self->d_.lane_of(self->hosts_.hosts.front().name);
    net::asio::co_spawn(self->lane_->context, work(self), net::asio::detached);
}

/// The hosts of the destination; false: there is nowhere to go, and why stands in `failed_` or in
/// `hosts_.failure`.
net::Task<bool> Sending::find() {
    const Dispatcher::Parts& parts = d_.parts_;
    if (destination_.starts_with(delivery::route_prefix)) {
        smart_host_ = parts.routes.route(destination_, {});
        if (!smart_host_) {
            failed_ = Trouble{.status = "4.3.5",
                              .text = "There is no route any more with the name "
                                      + destination_.substr(delivery::route_prefix.size())};
            co_return false;
        }
        std::string name = smart_host_->host;
        HostRules rules = d_.host_rules(smart_host_->port);
        hosts_ = co_await find_one_host(parts.resolver, std::move(name), std::move(rules));
        // A host that somebody has configured is missing: their mistake, not the sender's.
        if (hosts_.failure) hosts_.failure->permanent = false;
    } else {
        std::string domain = destination_;
        HostRules rules = d_.host_rules(parts.settings.port);
        hosts_ = co_await find_hosts(parts.resolver, std::move(domain), std::move(rules));
        if (!hosts_.failure && !hosts_.literal && parts.sts && parts.settings.mta_sts) {
            domain = destination_;
            sts_ = co_await parts.sts->policy(std::move(domain));
        }
    }
    if (!hosts_.failure) co_return true;
    parts.log.warning({}, "{}: {} {}", destination_, hosts_.failure->status, hosts_.failure->text);
    if (!hosts_.failure->permanent)
        failed_ = Trouble{.status = hosts_.failure->status, .text = hosts_.failure->text};
    co_return false;
}

/// Nobody will ever take this mail: all that is due goes back.
net::Task<> Sending::refuse_all(NoRoute why) {
    bool more = true;
    while (more && !d_.stopping_) {
        auto job = [&] {
            auto taken = d_.parts_.outbound.take(destination_, next_fetch);
            more = !taken.empty();
            for (const Consignment& one : taken) {
                std::vector<Fate> fates;
                for (const std::size_t recipient : one.recipients) {
                    Fate fate;
                    fate.recipient = recipient;
                    fate.kind = Fate::Kind::permanent;
                    fate.status = why.status;
                    fate.diagnostic = why.text;
                    fates.push_back(std::move(fate));
                }
                d_.counters_.failed.add(fates.size());
                d_.parts_.outbound.settle(one, fates);
            }
        };
        co_await on_worker(std::move(job));
    }
}

net::Task<> Sending::work(std::shared_ptr<Sending> self) {
    self->lane_->sendings.push_back(self);
    ++self->workers_;
    co_await worker(self);
}

void Sending::look_again(const std::shared_ptr<Sending>& self) {
    if (self->failed_ || self->d_.stopping_ || self->workers_ == 0) return;
    // What still waits after a second waits for a slow host: as many connections as it will have.
    if (!self->backlog_.empty()) return self->add_workers(1);
    const bool quiet = self->exhausted_ && !self->fetching_;
    if (!quiet || Steady::now() - self->fetched_ < 1s) return;
    self->exhausted_ = false;
    if (self->workers_ >= self->d_.parts_.settings.max_connections_per_host) return;
    ++self->workers_;
    net::asio::co_spawn(self->lane_->context, worker(self), net::asio::detached);
}

/// A connection costs about as much as a few messages: another only where so many wait for it.
void Sending::add_workers(std::size_t messages_each) {
    const std::size_t most = d_.parts_.settings.max_connections_per_host;
    const std::size_t wanted = std::min(most, (backlog_.size() + messages_each - 1) / messages_each);
    while (workers_ < wanted) {
        ++workers_;
        net::asio::co_spawn(lane_->context, worker(shared_from_this()), net::asio::detached);
    }
}

net::Task<> Sending::worker(std::shared_ptr<Sending> self) {
    Lease lease;
    try {
        co_await self->carry(lease);
    } catch (const std::exception& error) {
        self->d_.parts_.log.error({}, "{}: {}", self->destination_, error.what());
        self->failed_ = Trouble{.status = "4.3.0", .text = error.what()};
    }
    self->let_go(lease);
    if (--self->workers_ == 0) co_await self->finish();
}

net::Task<> Sending::carry(Lease& lease) {
    while (!failed_ && !d_.stopping_) {
        if (backlog_.empty()) {
            if (exhausted_ || fetching_) break;
            co_await fetch();
            add_workers(d_.active_.load(std::memory_order_relaxed) < many_destinations ? few : some_for_one);
            continue;
        }
        Item item = std::move(backlog_.front());
        backlog_.pop_front();
        co_await deliver(std::move(item), lease);
        const bool others = lease.client && ++lease.served >= turns
                            && d_.parts_.settings.max_connections_per_host
                            && lane_->connections.wanted(lease.key);
        if (others) let_go(lease);
        if (lease.client && lease.client->messages() >= d_.parts_.settings.max_messages_per_connection)
            let_go(lease);
    }
}

void Sending::let_go(Lease& lease) {
    if (!lease.client) return;
    if (lease.client->usable())
        lane_->connections.give_back(lease.key, std::move(lease.client));
    else
        lane_->connections.lost(lease.key, false);
    lease.client.reset();
    lease.served = 0;
}

net::Task<> Sending::fetch() {
    fetching_ = true;
    const std::size_t limit = fetched_ == Steady::time_point{} ? first_fetch : next_fetch;
    std::vector<Item> items;
    auto job = [&] {
        auto taken = d_.parts_.outbound.take(destination_, limit);
        items.reserve(taken.size());
        const std::size_t budget = std::size_t{d_.parts_.settings.message_memory} * 1024;
        for (Consignment& one : taken) {
            Item item;
            item.consignment = std::move(one);
            const queue::Entry& entry = *item.consignment.entry;
            const std::size_t size = entry.size;
            if (size <= read_along && d_.octets_held_.load(std::memory_order_relaxed) + size <= budget / 2) {
                item.share = Share{d_.octets_held_, size};
                if (auto octets = d_.parts_.read(entry.blob))
                    item.content =
                        Content::of(std::move(*octets), entry.envelope.body == queue::BodyType::binary);
            }
            items.push_back(std::move(item));
        }
    };
    co_await on_worker(std::move(job));
    fetching_ = false;
    fetched_ = Steady::now();
    exhausted_ = items.size() < limit;
    for (Item& item : items) backlog_.push_back(std::move(item));
}

/// What nobody has tried goes back; then the destination does.
net::Task<> Sending::finish() {
    auto job = [&] {
        delivery::Outbound& outbound = d_.parts_.outbound;
        if (failed_) outbound.down(destination_, failed_->status, failed_->text);
        for (const Item& item : backlog_) outbound.settle(item.consignment, {});
        backlog_.clear();
        outbound.leave(destination_);
    };
    co_await on_ledger(std::move(job));
    d_.ended();
}

/// The octets of a message that was not read along. False: it cannot be read now, and that is settled.
net::Task<bool> Sending::load(Item& item) {
    const queue::Entry& entry = *item.consignment.entry;
    const std::size_t budget = std::size_t{d_.parts_.settings.message_memory} * 1024;
    while (!d_.stopping_) {  // a message alone may be larger than the budget
        const std::size_t held = d_.octets_held_.load(std::memory_order_relaxed);
        if (held == 0 || held + entry.size <= budget) break;
        co_await net::pause(std::chrono::milliseconds{20});
    }
    item.share = Share{d_.octets_held_, entry.size};
    std::string problem;
    auto job = [&] {
        if (auto octets = d_.parts_.read(entry.blob))
            item.content = Content::of(std::move(*octets), entry.envelope.body == queue::BodyType::binary);
        else
            problem = octets.error().what;
    };
    co_await on_worker(std::move(job));
    if (item.content) co_return true;
    d_.parts_.log.error(entry.id, "The message cannot be read: {}", problem);
    co_await fail_item(item, false, "4.3.0", "The message cannot be read now");
    co_return false;
}

net::Task<> Sending::settle(const Item& item, std::vector<Fate> fates) {
    bool some_sent = false;
    for (const Fate& fate : fates) {
        switch (fate.kind) {
            case Fate::Kind::sent: d_.counters_.sent.add(); break;
            case Fate::Kind::temporary: d_.counters_.deferred.add(); break;
            case Fate::Kind::permanent: d_.counters_.failed.add(); break;
        }
        some_sent |= fate.kind == Fate::Kind::sent;
    }
    if (some_sent) d_.counters_.octets.add(item.consignment.entry->size);
    const bool up = some_sent && !std::exchange(said_up_, said_up_ || some_sent);
    auto job = [&] {
        d_.parts_.outbound.settle(item.consignment, fates);
        if (up) d_.parts_.outbound.up(destination_);
    };
    co_await on_ledger(std::move(job));
}

net::Task<> Sending::fail_item(const Item& item, bool permanent, std::string status, std::string text) {
    std::vector<Fate> fates;
    for (const std::size_t recipient : item.consignment.recipients) {
        Fate fate;
        fate.recipient = recipient;
        fate.kind = permanent ? Fate::Kind::permanent : Fate::Kind::temporary;
        fate.status = status;
        fate.diagnostic = text;
        fates.push_back(std::move(fate));
    }
    co_await settle(item, std::move(fates));
}

}  // namespace postrider::relay
