#include "delivery/processor.h"

#include <fmt/core.h>

#include <algorithm>
#include <future>

namespace postrider::delivery {
namespace {

using queue::Entry;
using queue::Notify;
using queue::Recipient;

constexpr std::size_t batch_size = 16;

void settle(Recipient& recipient, Recipient::State state, std::string status, std::string diagnostic) {
    recipient.state = state;
    recipient.status = std::move(status);
    recipient.diagnostic = std::move(diagnostic);
}

/// A group's members stand behind one recipient, which stays expanded whatever becomes of each.
void note_outcome(Recipient& recipient, const mailstore::DeliveryReceipt::Delivered& made) {
    if (recipient.state == Recipient::State::expanded) return;
    if (made.ok)
        settle(recipient, Recipient::State::delivered, "2.0.0", "Delivered");
    else if (made.error == mailstore::MailError::over_quota)
        settle(recipient, Recipient::State::pending, "4.2.2", "Mailbox full");
    else
        settle(recipient, Recipient::State::pending, "4.2.0", "Mailbox could not be written");
}

}  // namespace

Processor::Processor(mailstore::MailStore& store, queue::Queue& queue, const Router& router, Intake& intake,
                     const Clock& clock, observe::Logger log, ProcessingOptions options)
    : store_{store},
      queue_{queue},
      router_{router},
      intake_{intake},
      clock_{clock},
      log_{log},
      options_{std::move(options)} {}

Processor::~Processor() {
    stop();
}

void Processor::start() {
    {
        std::lock_guard lock{mutex_};
        stopping_ = false;
        watched_ = false;
    }
    for (unsigned i = 0; i < std::max(1u, options_.threads); ++i) threads_.emplace_back([this] { run(); });
}

void Processor::stop() {
    {
        std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

void Processor::wake() {
    {
        std::lock_guard lock{mutex_};
        ++wakes_;
    }
    wake_.notify_one();
}

void Processor::run() {
    std::unique_lock lock{mutex_};
    while (!stopping_) {
        std::uint64_t seen = wakes_;
        lock.unlock();
        auto due = queue_.take_due(clock_.now(), batch_size);
        if (!due) log_.error({}, "The queue cannot be read: {}", due.error().what);
        if (due && !due->empty()) wake_.notify_one();  // another looks on meanwhile
        if (due)
            for (const Entry& entry : *due) process(entry);
        lock.lock();
        if ((due && !due->empty()) || stopping_ || wakes_ != seen) continue;
        // One thread looks after the clock; the others sleep until they are needed. Due times have a
        // resolution of a second, so that is how often it is worth looking.
        if (watched_) {
            wake_.wait(lock, [&] { return stopping_ || wakes_ != seen || !watched_; });
        } else {
            watched_ = true;
            wake_.wait_for(lock, 1s, [&] { return stopping_ || wakes_ != seen; });
            watched_ = false;
        }
    }
    wake_.notify_all();
}

void Processor::process(const Entry& before) {
    log_.info(before.id, "Start processing mail");
    Entry entry = before;
    deliver(entry);
    schedule(entry);
    report(before, entry);
    if (auto stored = queue_.put_back(before, entry); !stored)
        log_.error(entry.id, "The queue entry cannot be written: {}", stored.error().what);
    else
        log_.write(observe::Level::info, entry.id,
                   entry.finished() ? "Mail removed from queue" : "Finish processing mail");
}

void Processor::deliver(Entry& entry) {
    std::vector<mailstore::Target> targets;
    std::vector<std::vector<std::size_t>> owners;  // target -> recipients that it serves
    auto& recipients = entry.envelope.recipients;
    for (std::size_t i = 0; i < recipients.size(); ++i) {
        if (recipients[i].state != Recipient::State::pending) continue;
        Destination destination = router_.resolve(recipients[i].address, entry.size);
        if (destination.refusal) {
            const Refusal& refusal = *destination.refusal;
            settle(recipients[i], refusal.temporary ? Recipient::State::pending : Recipient::State::failed,
                   refusal.status, refusal.text);
            continue;
        }
        for (mailstore::Target& target : destination.targets) {
            auto same = std::ranges::find_if(targets, [&](const mailstore::Target& t) {
                return t.account == target.account && t.folder == target.folder;
            });
            if (same == targets.end()) {
                target.over_quota_allowed = true;  // resolve() has just looked
                target.prefix = copy_prefix(entry.envelope.reverse_path, recipients[i].address);
                targets.push_back(std::move(target));
                owners.push_back({i});
            } else {
                owners[static_cast<std::size_t>(same - targets.begin())].push_back(i);
            }
        }
        if (destination.expanded) {
            settle(recipients[i], Recipient::State::expanded, "2.0.0", "Expanded");
            Recipient model = recipients[i];
            for (mime::AddrSpec& address : destination.elsewhere) {
                Recipient member = model;
                member.address = std::move(address);
                member.notify = static_cast<std::uint8_t>(model.notify & ~Notify::success);
                settle(member, Recipient::State::held, "4.4.4",
                       "Held: this server does not send to other hosts yet");
                recipients.push_back(std::move(member));
            }
        } else if (!destination.elsewhere.empty()) {
            settle(recipients[i], Recipient::State::held, "4.4.4",
                   "Held: this server does not send to other hosts yet");
            log_.warning(entry.id, "<{}> is held: this server does not send to other hosts yet",
                         recipients[i].address.text());
        }
    }
    if (targets.empty()) return;

    // The entry that says "delivered" is written in the same batch as the copies: nothing is delivered twice.
    Entry tried = entry;
    auto note = [&](const mailstore::DeliveryReceipt& receipt, kv::Batch& batch) {
        for (std::size_t t = 0; t < owners.size(); ++t)
            for (std::size_t i : owners[t]) note_outcome(tried.envelope.recipients[i], receipt.targets[t]);
        queue::Queue::add(tried, batch);
    };
    auto receipt = store_.deliver(entry.blob, targets, note);
    if (!receipt) {
        for (const auto& owner : owners)
            for (std::size_t i : owner)
                settle(recipients[i], Recipient::State::pending, "4.3.0",
                       "Mailbox cannot be written now: " + receipt.error().what);
        log_.error(entry.id, "Local delivery failed: {}", receipt.error().what);
        return;
    }
    entry = std::move(tried);
    for (std::size_t t = 0; t < owners.size(); ++t)
        if (receipt->targets[t].ok)
            for (std::size_t i : owners[t])
                log_.info(entry.id, "Mail delivered to mailbox '{}' of <{}> with id {}",
                          receipt->targets[t].folder_path, entry.envelope.recipients[i].address.text(),
                          receipt->targets[t].uid.value());
}

void Processor::schedule(Entry& entry) {
    ++entry.attempts;
    bool last = entry.attempts >= options_.max_attempts;
    bool pending = false;
    for (Recipient& recipient : entry.envelope.recipients) {
        if (recipient.state != Recipient::State::pending) continue;
        if (last) {
            // RFC 3463 §2: what was temporary has become permanent.
            if (recipient.status.starts_with('4')) recipient.status[0] = '5';
            recipient.state = Recipient::State::failed;
        } else {
            pending = true;
        }
    }
    entry.next_attempt.reset();
    if (pending)
        entry.next_attempt =
            clock_.now() + queue::retry_delay(entry.attempts, options_.first_retry, options_.longest_retry);
}

void Processor::report(const Entry& before, const Entry& after) {
    if (after.envelope.reverse_path.null()) return;  // RFC 5321 §4.5.5: no report about a report
    std::vector<const Recipient*> failed, delivered, expanded;
    for (std::size_t i = 0; i < after.envelope.recipients.size(); ++i) {
        const Recipient& recipient = after.envelope.recipients[i];
        if (i < before.envelope.recipients.size() && before.envelope.recipients[i].state == recipient.state)
            continue;
        if (recipient.state == Recipient::State::failed && recipient.wants(Notify::failure))
            failed.push_back(&recipient);
        if (recipient.state == Recipient::State::delivered && recipient.wants(Notify::success))
            delivered.push_back(&recipient);
        if (recipient.state == Recipient::State::expanded && recipient.wants(Notify::success))
            expanded.push_back(&recipient);
    }
    if (!failed.empty()) send_report(queue::Action::failed, after, failed);
    if (!delivered.empty()) send_report(queue::Action::delivered, after, delivered);
    if (!expanded.empty()) send_report(queue::Action::expanded, after, expanded);
}

bool Processor::send_report(queue::Action action, const Entry& entry,
                            const std::vector<const Recipient*>& about) {
    auto original = store_.read(entry.blob);
    if (!original) {
        log_.error(entry.id, "The message cannot be read for a report: {}", original.error().what);
        return false;
    }
    queue::ReportOptions options;
    options.host = options_.host;
    options.now = clock_.now();
    options.give_up = options.now;
    options.boundary = fmt::format(
        "report-{}-{}-{}", queue::to_string(entry.id), entry.attempts,
        std::chrono::duration_cast<std::chrono::microseconds>(options.now.time_since_epoch()).count());
    Incoming message;
    message.payload = queue::make_report(action, entry.envelope, about, **original, options);
    message.envelope.arrival = options.now;
    message.envelope.body = queue::BodyType::eight_bit;
    message.envelope.smtputf8 = entry.envelope.smtputf8;
    Recipient to;
    to.address = entry.envelope.reverse_path;
    to.notify = Notify::never;  // RFC 3461 §6.2
    Destination destination = router_.resolve(to.address, message.payload.size());
    if (destination.refusal && !destination.refusal->temporary) {
        log_.warning(entry.id, "The report has nowhere to go: <{}>: {}", to.address.text(),
                     destination.refusal->text);
        return false;
    }
    if (destination.refusal) destination.elsewhere.push_back(to.address);  // queued, and tried again
    message.envelope.recipients.push_back(std::move(to));
    message.destinations.push_back(std::move(destination));

    std::promise<bool> stored;
    auto result = stored.get_future();
    intake_.accept(std::move(message), Intake::Quota::checked,
                   [&](mailstore::Result<Accepted> accepted) { stored.set_value(accepted.has_value()); });
    return result.get();
}

}  // namespace postrider::delivery
