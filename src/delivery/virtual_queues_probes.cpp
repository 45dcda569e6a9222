#include "delivery/virtual_queues.h"

/// Destinations that fail, and that are back: what that means for all who wait there.
namespace postrider::delivery {

using queue::Entry;
using queue::Recipient;

namespace {

constexpr std::size_t sweep_at_once = 256;
constexpr std::size_t max_sweeps = 10'000;

}  // namespace

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

}  // namespace postrider::delivery
