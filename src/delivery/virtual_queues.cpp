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
constexpr std::size_t sweep_at_once = 256;
constexpr std::size_t max_sweeps = 10'000;
/// Visits are written with the time at which their batch was made: mostly no older than this when they
/// appear. For those that are, all visits are looked through now and then.
constexpr auto late_batches = std::chrono::seconds{3}, look_at_all = std::chrono::seconds{60};

bool reports_wanted(const Entry& entry) {
    return !entry.envelope.reverse_path.null();  // RFC 5321 §4.5.5: no report about a report
}

bool waits_at(const Recipient& recipient, const std::string& destination) {
    return recipient.state == Recipient::State::pending && recipient.destination == destination;
}

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

void VirtualQueues::apply(const Fate& fate, Recipient& recipient, const Entry& entry,
                          const queue::DestinationState& state, Time now) {
    recipient.remote_host = fate.remote_host;
    switch (fate.kind) {
        case Fate::Kind::sent:
            // RFC 3461 §5.2.2: who knows DSN reports itself; for who does not we say "relayed".
            succeed(recipient, Recipient::State::sent, now, fate.status, fate.diagnostic,
                    !fate.reports_dsn && reports_wanted(entry));
            // RFC 2852, by-trace: every host on the way says that it has sent it on.
            if (entry.envelope.deliver_by && entry.envelope.deliver_by->trace && reports_wanted(entry)
                && (recipient.notify & queue::Notify::never) == 0)
                recipient.owed |= Recipient::success;
            sent_.add();
            log_.info(entry.id, "Mail sent to <{}> by {}: {}", recipient.address.text(), fate.remote_host,
                      fate.diagnostic);
            return;
        case Fate::Kind::temporary:
            fail_for_now(recipient, schedule(), now, fate.status, fate.diagnostic);
            recipient.epoch = state.epoch;
            deferred_.add();
            break;
        case Fate::Kind::permanent: fail_for_good(recipient, now, fate.status, fate.diagnostic); break;
    }
    if (recipient.state == Recipient::State::failed) failed_.add();
    if (!reports_wanted(entry)) recipient.owed = Recipient::nothing;
    log_.info(entry.id, "Mail to <{}> {}: {} {}", recipient.address.text(),
              recipient.state == Recipient::State::failed ? "failed" : "deferred", recipient.status,
              recipient.diagnostic);
}

/// False when the disk refuses.
bool VirtualQueues::store_fates(const Consignment& consignment, const std::vector<Fate>& fates,
                                bool went_down, const queue::DestinationState& state) {
    const QueueId id = consignment.entry->id;
    const Time now = clock_.now();
    auto before = queue_.wait_and_take(id);
    if (!before) {
        log_.error(id, "The queue entry cannot be read: {}", before.error().what);
        return before.error().kind == mailstore::MailError::corrupt;
    }
    if (!*before) return true;
    Entry after = **before;
    auto& recipients = after.envelope.recipients;
    std::vector<bool> told(recipients.size());
    auto one = [&](const Fate& fate) {
        if (fate.recipient >= recipients.size() || told[fate.recipient]
            || !waits_at(recipients[fate.recipient], consignment.destination))
            return;
        told[fate.recipient] = true;
        apply(fate, recipients[fate.recipient], after, state, now);
    };
    for (const Fate& fate : fates) one(fate);
    if (went_down)
        for (std::size_t i : consignment.recipients)
            one({i, Fate::Kind::temporary, state.status, state.why, {}, false});
    after.plan(now);
    const bool owes = after.owes_reports();
    if (auto ok = queue_.put_back(**before, after); !ok) {
        log_.error(id, "The queue entry cannot be written: {}", ok.error().what);
        return false;
    }
    if (after.finished()) log_.info(id, "Mail removed from queue");
    if (owes && owed_) owed_();
    return true;
}

void VirtualQueues::settle(const Consignment& consignment, const std::vector<Fate>& fates) {
    const QueueId id = consignment.entry->id;
    auto a = active(consignment.destination);
    queue::DestinationState state;
    bool went_down = false;
    if (a) {
        std::lock_guard lock{a->mutex};
        state = a->state;
        auto given = a->given.find(id);
        went_down = given != a->given.end() && given->second != a->downs;
    }
    auto is_sent = [](const Fate& fate) { return fate.kind == Fate::Kind::sent; };
    if ((!fates.empty() || went_down) && !store_fates(consignment, fates, went_down, state)
        && std::ranges::any_of(fates, is_sent)) {
        std::lock_guard lock{unsettled_mutex_};
        unsettled_.push_back({consignment, fates});
    }
    if (a) {
        std::lock_guard lock{a->mutex};
        take_back(*a, id);
    }
}

bool VirtualQueues::is_unsettled(const std::string& destination, QueueId id) const {
    std::lock_guard lock{unsettled_mutex_};
    return std::ranges::any_of(unsettled_, [&](const Unsettled& one) {
        return one.consignment.entry->id == id && one.consignment.destination == destination;
    });
}

void VirtualQueues::settle_again() {
    std::unique_lock alone{settling_again_, std::try_to_lock};
    if (!alone) return;
    for (std::size_t count = 100; count != 0; --count) {
        Unsettled one;
        {
            std::lock_guard lock{unsettled_mutex_};
            if (unsettled_.empty()) return;
            one = unsettled_.front();  // it stays there until it is stored: nobody may be given it
        }
        queue::DestinationState state;
        if (auto stored = disk_.state(one.consignment.destination)) state = std::move(*stored);
        if (!store_fates(one.consignment, one.fates, false, state)) return;
        std::lock_guard lock{unsettled_mutex_};
        unsettled_.pop_front();
    }
}

void VirtualQueues::down(const std::string& destination, const std::string& status, const std::string& why) {
    const Time now = queue::full_seconds(clock_.now());
    auto note = [&](queue::DestinationState& state) {
        state.status = status;
        state.why = why;
        if (state.down(now)) return false;  // another connection has said so already
        ++state.failures;
        state.last_failure = now;
        state.down_until = now + schedule().after(state.failures);
        return true;
    };
    queue::DestinationState state;
    bool first = false;
    if (auto a = active(destination)) {
        std::lock_guard lock{a->mutex};
        first = note(a->state);
        if (first) ++a->downs;
        a->next.clear();
        state = a->state;
    } else {
        auto stored = disk_.state(destination);
        if (stored) state = std::move(*stored);
        first = note(state);
    }
    kv::Batch batch;
    queue::Destinations::put_state(destination, state, batch);
    write(std::move(batch), "The state of a virtual queue");
    if (!first) return;
    log_.info({}, "Virtual queue {} is down ({} in a row): {} {}", destination, state.failures, status, why);
    Sweep job{destination, now, status, why};
    if (sweep(job, sweep_at_once)) return;
    std::lock_guard lock{sweeps_mutex_};
    if (sweeps_.size() < max_sweeps)
        sweeps_.push_back(std::move(job));
    else
        log_.warning({}, "Too many virtual queues fail at once: this probe of {} does not count for all",
                     destination);
}

/// Counts a failed probe for at most `limit` messages; true when there were no more.
bool VirtualQueues::sweep(const Sweep& job, std::size_t limit) {
    auto a = active(job.destination);
    std::uint32_t epoch = 0;
    if (a) {
        std::lock_guard lock{a->mutex};
        epoch = a->state.epoch;
    } else if (auto state = disk_.state(job.destination)) {
        epoch = state->epoch;
    }
    auto due = disk_.due(job.destination, epoch, job.before, limit, [&](QueueId id) {
        if (!a) return false;
        std::lock_guard lock{a->mutex};
        return a->given.contains(id);  // settle() counts it
    });
    if (!due) {
        log_.error({}, "Virtual queue {} cannot be read: {}", job.destination, due.error().what);
        return true;
    }
    for (const queue::Place& place : *due)
        if (!count_probe(place, job)) return true;
    return due->size() < limit;
}

/// False when it cannot be stored: then the probe does not count for the rest.
bool VirtualQueues::count_probe(const queue::Place& place, const Sweep& job) {
    const QueueId id = place.id;
    auto before = queue_.wait_and_take(id);
    if (!before || !*before) {
        queue_.mend(job.destination, place);
        return true;
    }
    Entry after = **before;
    queue::DestinationState state;
    if (auto a = active(job.destination)) {
        std::lock_guard lock{a->mutex};
        state = a->state;
    } else if (auto stored = disk_.state(job.destination)) {
        state = std::move(*stored);
    }
    const Time now = clock_.now();
    bool any = false;
    for (Recipient& recipient : after.envelope.recipients) {
        if (!waits_at(recipient, job.destination)) continue;
        if (recipient.epoch >= state.epoch && recipient.next_attempt > job.before) continue;
        apply({0, Fate::Kind::temporary, job.status, job.why, {}, false}, recipient, after, state, now);
        any = true;
    }
    if (!any) {
        queue_.let_go(id);
        queue_.mend(job.destination, place);
        return true;
    }
    after.plan(now);
    const bool owes = after.owes_reports();
    if (auto ok = queue_.put_back(**before, after); !ok) {
        log_.error(id, "The queue entry cannot be written: {}", ok.error().what);
        return false;
    }
    if (owes && owed_) owed_();
    return true;
}

bool VirtualQueues::work() {
    settle_again();
    Sweep job;
    {
        std::lock_guard lock{sweeps_mutex_};
        if (sweeps_.empty()) return false;
        job = std::move(sweeps_.front());
        sweeps_.pop_front();
    }
    if (!sweep(job, sweep_at_once)) {
        std::lock_guard lock{sweeps_mutex_};
        sweeps_.push_back(std::move(job));
    }
    return true;
}

void VirtualQueues::up(const std::string& destination) {
    if (auto a = active(destination)) {
        std::lock_guard lock{a->mutex};
        if (a->state.failures == 0) return;
    }
    if (auto ok = release(destination); !ok)
        log_.error({}, "Virtual queue {} cannot be released: {}", destination, ok.error().what);
    else
        log_.info({}, "Virtual queue {} is up", destination);
}

mailstore::Result<> VirtualQueues::release(const std::string& destination) {
    if (auto a = active(destination)) {
        kv::Batch batch;
        {
            std::lock_guard lock{a->mutex};
            queue::DestinationState freed;
            freed.epoch = a->state.epoch + 1;
            a->state = freed;
            a->next.clear();
            queue::Destinations::put_state(destination, freed, batch);
        }
        if (auto ok = disk_.kv().write(std::move(batch)); !ok)
            return std::unexpected(mailstore::Failure{mailstore::MailError::storage, ok.error().what});
    } else if (auto ok = disk_.release(destination, clock_.now()); !ok) {
        return ok;
    }
    ready();
    return {};
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
