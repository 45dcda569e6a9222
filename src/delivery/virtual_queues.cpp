#include "delivery/virtual_queues.h"

#include <algorithm>

#include "text/idna.h"

namespace postrider::delivery {
namespace {

using queue::Entry;
using queue::Recipient;

/// Entries read ahead for a destination: walking over what has just been sent is paid for once for so many.
constexpr std::size_t read_ahead_count = 256;
/// Something more urgent than what was read ahead waits at most so long for its turn.
constexpr auto read_ahead_age = std::chrono::seconds{2};
/// Visits are written with the time at which their batch was made: mostly no older than this when they
/// appear. For those that are, all visits are looked through now and then.
constexpr auto late_batches = std::chrono::seconds{3}, look_at_all = std::chrono::seconds{60};

}  // namespace

std::string DomainRoutes::destination(const queue::Envelope&, const mime::AddrSpec& address) const {
    auto name = text::to_alabels(address.domain);
    if (!name || name->empty() || name->size() > max_destination_octets) return {};
    return *name;
}

VirtualQueues::VirtualQueues(queue::Queue& queue, const Clock& clock, observe::Logger log,
                             observe::Metrics& metrics, Options options, std::function<void()> owed)
    : queue_{queue},
      disk_{queue.kv()},
      clock_{clock},
      log_{log},
      schedule_{options.schedule},
      max_active_{options.max_active},
      owed_{std::move(owed)},
      sent_{metrics.counter("delivery.sent", "Recipients whose next host took the message")},
      deferred_{metrics.counter("delivery.deferred", "Attempts to send that are to be repeated")},
      failed_{metrics.counter("delivery.failed", "Recipients that were given up")} {
    if (auto ok = disk_.free_occupied(clock_.now()); !ok)
        log_.error({}, "The virtual queues cannot be read: {}", ok.error().what);
}

RetrySchedule VirtualQueues::schedule() const {
    std::lock_guard lock{schedule_mutex_};
    return schedule_;
}

void VirtualQueues::change_schedule(const RetrySchedule& schedule) {
    std::lock_guard lock{schedule_mutex_};
    schedule_ = schedule;
}

void VirtualQueues::write(kv::Batch batch, std::string_view doing) {
    if (batch.empty()) return;
    if (auto ok = disk_.kv().write(std::move(batch)); !ok)
        log_.error({}, "{} cannot be written: {}", doing, ok.error().what);
}

std::shared_ptr<VirtualQueues::Active> VirtualQueues::active(const std::string& destination) const {
    std::lock_guard lock{mutex_};
    auto at = active_.find(destination);
    return at == active_.end() ? nullptr : at->second;
}

bool VirtualQueues::is_active(const std::string& destination) const {
    return active(destination) != nullptr;
}

bool VirtualQueues::is_given(QueueId id) const {
    std::lock_guard lock{given_mutex_};
    return given_.contains(id);
}

void VirtualQueues::give(Active& a, QueueId id) {
    a.given.emplace(id, a.downs);
    std::lock_guard lock{given_mutex_};
    ++given_[id];
}

void VirtualQueues::take_back(Active& a, QueueId id) {
    if (a.given.erase(id) == 0) return;
    std::lock_guard lock{given_mutex_};
    auto at = given_.find(id);
    if (at != given_.end() && --at->second == 0) given_.erase(at);
}

void VirtualQueues::on_ready(std::function<void()> ready) {
    std::lock_guard lock{mutex_};
    ready_ = std::move(ready);
}

void VirtualQueues::ready() {
    std::function<void()> call;
    {
        std::lock_guard lock{mutex_};
        call = ready_;
    }
    if (call) call();
}

/// What a visit finds: true when somebody has to work there now. Called with mutex_ held.
bool VirtualQueues::look_at(const std::string& key, const std::string& destination, Time now,
                            kv::Batch& batch, std::vector<std::string>& asleep) {
    auto state = disk_.state(destination);
    if (!state) {
        log_.error({}, "Virtual queue {} cannot be read: {}", destination, state.error().what);
        return false;
    }
    batch.erase(key);
    if (state->down(now)) {
        queue::Destinations::put_visit(state->down_until, destination, batch);
        return false;
    }
    auto next = disk_.next(destination, state->epoch);
    if (!next) {
        log_.error({}, "Virtual queue {} cannot be read: {}", destination, next.error().what);
        queue::Destinations::put_visit(now, destination, batch);
        return false;
    }
    if (*next && **next <= now) {
        auto made = std::make_shared<Active>();
        made->state = std::move(*state);
        active_.emplace(destination, std::move(made));
        queue::Destinations::put_occupied(destination, batch);
        return true;
    }
    if (*next)
        queue::Destinations::put_visit(**next, destination, batch);
    else if (state->failures != 0 || state->epoch != 0)
        queue::Destinations::erase_state(destination, batch);
    asleep.push_back(destination);
    return false;
}

std::vector<std::string> VirtualQueues::take_destinations(std::size_t limit) {
    std::vector<std::string> taken, asleep;
    kv::Batch batch;
    const Time now = clock_.now();
    std::lock_guard lock{mutex_};
    if (active_.size() >= max_active_) return {};
    limit = std::min(limit, max_active_ - active_.size());
    // As in Queue::take_due: not over the tombstones of what has been visited.
    const bool all = now < looked_at_all_ || now - looked_at_all_ > look_at_all;
    const Time from = all ? Time{} : looked_through_ - late_batches;
    std::size_t visited = 0;
    bool to_the_end = true;
    auto seen = disk_.visits(from, now, [&](const std::string& key, std::string_view name) {
        std::string destination{name};
        if (active_.contains(destination)) {  // leave() makes a new one
            if (all) batch.erase(key);
            return true;
        }
        if (taken.size() == limit || visited++ == 4 * limit + 1000) {
            to_the_end = false;
            return false;
        }
        if (look_at(key, destination, now, batch, asleep)) taken.push_back(std::move(destination));
        return true;
    });
    if (!seen) log_.error({}, "The virtual queues cannot be read: {}", seen.error().what);
    if (to_the_end) {
        looked_through_ = now;
        if (all) looked_at_all_ = now;
    }
    if (batch.empty()) return taken;
    if (auto ok = disk_.kv().write(std::move(batch)); !ok) {
        log_.error({}, "The virtual queues cannot be written: {}", ok.error().what);
        for (const std::string& destination : taken) active_.erase(destination);
        return {};
    }
    // A message may have come between our look and our erasing its mark.
    kv::Batch again;
    for (const std::string& destination : asleep) {
        auto next = disk_.next(destination, 0);
        if (next && *next && **next <= now) queue::Destinations::put_visit(now, destination, again);
    }
    write(std::move(again), "A virtual queue");
    return taken;
}

bool VirtualQueues::read_ahead(const std::string& destination, Active& a, Time now,
                               const std::unordered_set<QueueId>& skipped) {
    auto due = disk_.due(destination, a.state.epoch, now, read_ahead_count,
                         [&](QueueId id) { return a.given.contains(id) || skipped.contains(id); });
    if (!due) {
        log_.error({}, "Virtual queue {} cannot be read: {}", destination, due.error().what);
        return false;
    }
    a.next.assign(due->begin(), due->end());
    a.read_at = now;
    return !a.next.empty();
}

std::vector<Consignment> VirtualQueues::take(const std::string& destination, std::size_t limit) {
    std::vector<Consignment> taken;
    std::unordered_set<QueueId> skipped;  // somebody changes them just now
    auto a = active(destination);
    if (!a) return taken;
    const Time now = clock_.now();
    std::lock_guard lock{a->mutex};
    if (a->state.down(now)) return taken;
    if (a->state.failures != 0) {  // a probe: one message tells whether the host is back
        if (!a->given.empty()) return taken;
        limit = std::min<std::size_t>(limit, 1);
    }
    if (now - a->read_at > read_ahead_age || now < a->read_at) a->next.clear();
    while (taken.size() < limit) {
        if (a->next.empty() && !read_ahead(destination, *a, now, skipped)) break;
        const queue::Place place = a->next.front();
        const QueueId id = place.id;
        a->next.pop_front();
        if (a->given.contains(id)) continue;
        // Whoever changes an entry takes it first and then looks whether it is given to somebody; we do it
        // the other way round, so one of us sees the other.
        give(*a, id);
        if (queue_.busy(id) || is_unsettled(destination, id)) {
            take_back(*a, id);
            skipped.insert(id);
            continue;
        }
        auto entry = queue_.find(id);
        if (!entry) {
            take_back(*a, id);
            log_.error(id, "The queue entry cannot be read: {}", entry.error().what);
            if (entry.error().kind != mailstore::MailError::corrupt) break;
            queue_.mend(destination, place);  // the record stays for `storage verify`
            continue;
        }
        Consignment one;
        one.destination = destination;
        if (*entry)
            for (std::size_t i = 0; i < (*entry)->envelope.recipients.size(); ++i) {
                const Recipient& r = (*entry)->envelope.recipients[i];
                if (waits_at(r, destination) && (r.epoch < a->state.epoch || r.next_attempt <= now))
                    one.recipients.push_back(i);
            }
        if (one.recipients.empty()) {  // an administrator was quicker
            take_back(*a, id);
            queue_.mend(destination, place);
            continue;
        }
        one.entry = std::make_shared<const Entry>(std::move(**entry));
        taken.push_back(std::move(one));
    }
    return taken;
}

void VirtualQueues::leave(const std::string& destination) {
    std::lock_guard lock{mutex_};
    auto at = active_.find(destination);
    if (at == active_.end()) return;
    queue::DestinationState state;
    {
        std::lock_guard inner{at->second->mutex};
        state = at->second->state;
        while (!at->second->given.empty()) take_back(*at->second, at->second->given.begin()->first);
    }
    kv::Batch batch;
    queue::Destinations::erase_occupied(destination, batch);
    auto next = disk_.next(destination, state.epoch);
    if (!next) {
        log_.error({}, "Virtual queue {} cannot be read: {}", destination, next.error().what);
        queue::Destinations::put_visit(clock_.now(), destination, batch);
    } else if (*next) {
        // Never in the past: visits are looked for from the last look on.
        queue::Destinations::put_visit(std::max({**next, state.down_until, clock_.now()}), destination,
                                       batch);
    } else if (state.down(clock_.now())) {
        // Mail that comes meanwhile waits for the probe; the visit cleans up when none does.
        queue::Destinations::put_visit(state.down_until, destination, batch);
    } else if (state.failures != 0 || state.epoch != 0) {
        queue::Destinations::erase_state(destination, batch);
    }
    write(std::move(batch), "A virtual queue");
    active_.erase(at);
}

}  // namespace postrider::delivery
