#include <algorithm>
#include <future>

#include "delivery/processor_work.h"
#include "queue/keys.h"

/// What filters do with queued messages.
namespace postrider::delivery {

using queue::Entry;
using queue::Recipient;

namespace {

/// A scanner that is down is asked again soon, and for as long as it takes: its being away is no fault of the
/// message, so that it does not count as an attempt.
constexpr auto ask_again = std::chrono::seconds{60};

}  // namespace

/// Runs the chain for a recipient whose destination has been found; false: there is nothing more to do for it
/// now.
bool Processor::filter(Entry& entry, std::size_t index, Destination& destination, Time now, Work& work) {
    if (!chain_) return true;
    auto& recipients = entry.envelope.recipients;
    if (recipients[index].unfiltered) return true;
    if (!work.filters) work.filters.emplace(*chain_, entry.envelope, std::string_view{}, entry.id);
    if (work.filters->when(recipients[index], destination) == Filters::When::never) return true;
    if (!work.payload) {
        auto read = store_.read(entry.blob);
        if (!read) {
            fail_for_now(recipients[index], options_.schedule, now, "4.3.0",
                         "The message cannot be read: " + read.error().what);
            log_.error(entry.id, "The message cannot be read: {}", read.error().what);
            return false;
        }
        work.payload = std::move(*read);
        work.filters.emplace(*chain_, entry.envelope, *work.payload, entry.id);
        if (intake_.signs()) work.filters->hand_in_anew(router_);
    }
    Sorted sorted = work.filters->sort(recipients[index], destination);
    for (const std::string& line : sorted.trace) log_.info(entry.id, "{}", line);

    Recipient& recipient = recipients[index];
    if (sorted.repeat) {
        recipient.status = "4.3.0";
        recipient.diagnostic = std::move(*sorted.repeat);
        recipient.last_attempt = queue::full_seconds(now);
        recipient.next_attempt = queue::full_seconds(now) + ask_again;
        return false;
    }
    if (sorted.held) {
        recipient.state = Recipient::State::held;
        recipient.status = queue::quarantined_status;
        recipient.diagnostic = std::move(*sorted.held);
        return false;
    }
    if (sorted.refusal) {
        fail_for_good(recipient, now, sorted.refusal->status, sorted.refusal->text);
        return false;
    }
    destination.targets = std::move(sorted.targets);
    destination.elsewhere = std::move(sorted.elsewhere);
    for (Sorted::Rewritten& one : sorted.rewritten) work.changed.emplace_back(index, std::move(one));
    work.beside.add(std::move(sorted.beside));
    const bool in_folders = !destination.targets.empty() || !sorted.rewritten.empty();
    if (!in_folders && destination.elsewhere.empty() && !destination.expanded) {
        succeed(recipient, sorted.redirected ? Recipient::State::expanded : Recipient::State::delivered, now,
                "2.0.0", sorted.redirected ? "Redirected by a filter" : "Discarded by a filter", true);
    }
    for (Recipient& further : sorted.further) {
        if (further.next_attempt == Time{}) further.next_attempt = queue::full_seconds(now);
        recipients.push_back(std::move(further));
    }
    return true;
}

/// Stores the copies that filters have changed: messages of their own. A record made in the same batch says
/// that one is there, so that it is not made twice when the server dies before the entry says so too.
void Processor::store_changed(Entry& entry, Time now, Work& work) {
    for (auto& [index, one] : work.changed) {
        Recipient& recipient = entry.envelope.recipients[index];
        std::string mark = queue::keys::changed(entry.id, one.target.account, one.target.folder);
        work.marks.emplace_back(index, mark);
        auto there = store_.kv().get(mark);
        std::optional<mailstore::Failure> failure;
        if (!there) failure = queue::keys::failure(there.error());
        if (there && !*there) {
            std::promise<mailstore::Result<mailstore::DeliveryReceipt>> promise;
            auto done = promise.get_future();
            one.target.over_quota_allowed = true;  // resolve() has just looked
            one.target.prefix.insert(0, copy_prefix(entry.envelope.reverse_path, recipient.address));
            store_.submit(
                Intake::changed_copy(entry.envelope, std::move(one.target), std::move(one.text), mark),
                [&](mailstore::Result<mailstore::DeliveryReceipt> receipt) {
                    promise.set_value(std::move(receipt));
                });
            auto receipt = done.get();
            if (!receipt)
                failure = receipt.error();
            else if (receipt->targets.front().ok)
                log_.info(QueueId{receipt->blob.value()},
                          "Mail delivered to mailbox '{}' of <{}> with id {}, as filters have changed {}",
                          receipt->targets.front().folder_path, recipient.address.text(),
                          receipt->targets.front().uid.value(), queue::to_string(entry.id));
        }
        if (failure)
            fail_for_now(recipient, options_.schedule, now, "4.3.0",
                         "Mailbox cannot be written now: " + failure->what);
        else if (recipient.state == Recipient::State::pending)
            succeed(recipient, Recipient::State::delivered, now, "2.0.0", "Delivered", true);
    }
}

}  // namespace postrider::delivery
