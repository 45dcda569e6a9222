#include "delivery/virtual_queues.h"

#include <algorithm>

/// What has become of what was given away.
namespace postrider::delivery {

using queue::Entry;
using queue::Recipient;

namespace {

bool reports_wanted(const Entry& entry) {
    return !entry.envelope.reverse_path.null();  // RFC 5321 §4.5.5: no report about a report
}

/// RFC 2852 §4.1.4: with T every host on the way says that it has sent the message on. §4.1.4.2: with N so
/// does the one behind which nobody looks at the time any more, while there is some left. Neither waits to be
/// asked for success.
bool tells_of_relaying(const std::optional<queue::DeliverBy>& by, const Fate& fate) {
    if (!by) return false;
    return by->trace || (by->mode == queue::DeliverBy::Mode::notify && !fate.keeps_time);
}

}  // namespace

bool VirtualQueues::waits_at(const Recipient& recipient, const std::string& destination) {
    return recipient.state == Recipient::State::pending && recipient.destination == destination;
}

void VirtualQueues::apply(const Fate& fate, Recipient& recipient, const Entry& entry,
                          const queue::DestinationState& state, Time now) {
    recipient.remote_host = fate.remote_host;
    switch (fate.kind) {
        case Fate::Kind::sent:
            // RFC 3461 §5.2.2: who knows DSN reports itself; for who does not we say "relayed".
            succeed(recipient, Recipient::State::sent, now, fate.status, fate.diagnostic,
                    !fate.reports_dsn && reports_wanted(entry));
            if (tells_of_relaying(entry.envelope.deliver_by, fate) && reports_wanted(entry)
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

}  // namespace postrider::delivery
