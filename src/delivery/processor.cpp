#include "delivery/processor.h"

#include "delivery/processor_work.h"

#include <algorithm>

namespace postrider::delivery {
namespace {

using queue::Entry;
using queue::Recipient;

constexpr std::size_t batch_size = 16;

constexpr std::string_view unsent_status = "4.4.4";
constexpr std::string_view unsent_why = "Held: this server does not send to other hosts yet";
/// What cannot be done now (no room for a report, somebody is sending just now) is looked at again then.
constexpr std::string_view late = "4.4.7";  // RFC 2852 §4.1.3
constexpr auto soon = std::chrono::seconds{30};

/// A group's members stand behind one recipient, which stays expanded whatever becomes of each.
void note_outcome(Recipient& recipient, const mailstore::DeliveryReceipt::Delivered& made,
                  const RetrySchedule& schedule, Time now) {
    if (recipient.state != Recipient::State::pending) return;
    if (made.ok)
        succeed(recipient, Recipient::State::delivered, now, "2.0.0", "Delivered", true);
    else if (made.error == mailstore::MailError::over_quota)
        fail_for_now(recipient, schedule, now, "4.2.2", "Mailbox full");
    else
        fail_for_now(recipient, schedule, now, "4.2.0", "Mailbox could not be written");
}

bool is_due(const Recipient& recipient, Time now) {
    return recipient.state == Recipient::State::pending && recipient.destination.empty()
           && recipient.next_attempt <= now;
}

}  // namespace

Processor::Processor(mailstore::MailStore& store, queue::Queue& queue, const Router& router, Intake& intake,
                     const Clock& clock, observe::Logger log, ProcessingOptions options)
    : store_{store},
      queue_{queue},
      router_{router},
      intake_{intake},
      reporter_{store, router, intake, clock, log, options.host},
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

void Processor::send_by(const Routes* routes) {
    routes_ = routes;
    unsent_ = routes != nullptr;
    wake();
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
        if (!counted_.exchange(true))
            if (auto counted = queue_.count_all(); !counted)
                log_.error({}, "The queue cannot be counted: {}", counted.error().what);
        if (routes_ && unsent_.exchange(false)) release_unsent();
        const bool more = (due && !due->empty()) || (links_.also && links_.also());
        lock.lock();
        if (more || stopping_ || wakes_ != seen) continue;
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
    const Time now = clock_.now();
    Entry entry = before;
    Work work;
    deliver(entry, now, work);
    const bool expired = expire(entry, now);
    const bool paid = reporter_.pay(entry, options_.reports, options_.schedule);
    entry.plan(now);
    if (!expired || !paid) entry.wake = queue::full_seconds(now) + soon;
    if (auto stored = queue_.put_back(before, entry); !stored) {
        log_.error(entry.id, "The queue entry cannot be written: {}", stored.error().what);
        return;
    }
    if (!work.beside.empty()) intake_.send(std::move(work.beside));
    if (!work.marks.empty()) {
        kv::Batch batch;
        for (const auto& [index, mark] : work.marks)
            if (entry.envelope.recipients[index].state != Recipient::State::pending) batch.erase(mark);
        (void)store_.kv().write(std::move(batch));  // what is left of them is never asked for again
    }
    log_.write(observe::Level::info, entry.id,
               entry.finished() ? "Mail removed from queue" : "Finish processing mail");
    auto waits = [](const Recipient& r) {
        return r.state == Recipient::State::pending && !r.destination.empty();
    };
    if (links_.ready && std::ranges::any_of(entry.envelope.recipients, waits)) links_.ready();
}

/// What a recipient at another host is to become.
void Processor::send_on(const Entry& entry, Recipient& recipient, Time now) {
    const Routes* routes = routes_;
    if (!routes) {
        recipient.state = Recipient::State::held;
        recipient.status = unsent_status;
        recipient.diagnostic = unsent_why;
        log_.warning(entry.id, "<{}> is held: this server does not send to other hosts yet",
                     recipient.address.text());
        return;
    }
    recipient.destination = routes->destination(entry.envelope, recipient.address);
    recipient.next_attempt = queue::full_seconds(now);
    recipient.epoch = 0;
    if (recipient.destination.empty())
        fail_for_good(recipient, now, "5.1.2", "The domain of the address cannot exist");
}

/// Finds the folders for what is due.
void Processor::resolve(Entry& entry, Time now, Work& work) {
    auto& recipients = entry.envelope.recipients;
    const rules::Sender sender = router_.sender(entry.envelope);
    const std::size_t count = recipients.size();  // members of groups are added behind
    for (std::size_t i = 0; i < count; ++i) {
        if (!is_due(recipients[i], now)) continue;
        Destination destination = router_.resolve(recipients[i].address, entry.size, &sender);
        if (destination.refusal) {
            const Refusal& refusal = *destination.refusal;
            if (refusal.temporary)
                fail_for_now(recipients[i], options_.schedule, now, refusal.status, refusal.text);
            else
                fail_for_good(recipients[i], now, refusal.status, refusal.text);
            continue;
        }
        if (!filter(entry, i, destination, now, work)) continue;
        for (mailstore::Target& target : destination.targets) {
            auto same = std::ranges::find_if(work.targets, [&](const mailstore::Target& t) {
                return t.account == target.account && t.folder == target.folder;
            });
            if (same == work.targets.end()) {
                target.over_quota_allowed = true;  // resolve() has just looked
                target.prefix.insert(0, copy_prefix(entry.envelope.reverse_path, recipients[i].address));
                work.targets.push_back(std::move(target));
                work.owners.push_back({i});
            } else {
                work.owners[static_cast<std::size_t>(same - work.targets.begin())].push_back(i);
            }
        }
        if (destination.expanded) {
            Recipient model = recipients[i];
            succeed(recipients[i], Recipient::State::expanded, now, "2.0.0", "Expanded", true);
            for (mime::AddrSpec& address : destination.elsewhere) {
                Recipient member = model;
                member.forwarded_by = model.address.domain;
                member.address = std::move(address);
                // RFC 3461 §5.2.7.3: whoever asked for success hears of the group, not of its members.
                if (member.notify != queue::Notify::unsaid) {
                    member.notify = static_cast<std::uint8_t>(model.notify & ~queue::Notify::success);
                    if (member.notify == queue::Notify::unsaid) member.notify = queue::Notify::never;
                }
                send_on(entry, member, now);
                recipients.push_back(std::move(member));
            }
        } else if (!destination.elsewhere.empty()) {
            send_on(entry, recipients[i], now);
        }
    }
}

void Processor::deliver(Entry& entry, Time now, Work& work) {
    const Entry untouched = entry;
    resolve(entry, now, work);
    store_changed(entry, now, work);
    if (work.targets.empty()) return;

    // The entry that says "delivered" is written in the same batch as the copies: nothing is delivered twice.
    // It keeps its place in the schedule, so that it is looked at again if we die before put_back().
    Entry tried = entry;
    auto note = [&](const mailstore::DeliveryReceipt& receipt, kv::Batch& batch) {
        for (std::size_t t = 0; t < work.owners.size(); ++t)
            for (std::size_t i : work.owners[t])
                note_outcome(tried.envelope.recipients[i], receipt.targets[t], options_.schedule, now);
        queue::Queue::add(tried, batch);
    };
    auto receipt = store_.deliver(entry.blob, std::move(work.targets), note);
    if (!receipt) {
        entry = untouched;  // groups have not been expanded either
        work.beside = {};
        work.marks.clear();
        for (Recipient& recipient : entry.envelope.recipients)
            if (is_due(recipient, now))
                fail_for_now(recipient, options_.schedule, now, "4.3.0",
                             "Mailbox cannot be written now: " + receipt.error().what);
        log_.error(entry.id, "Local delivery failed: {}", receipt.error().what);
        return;
    }
    entry = std::move(tried);
    for (std::size_t t = 0; t < work.owners.size(); ++t)
        if (receipt->targets[t].ok)
            for (std::size_t i : work.owners[t])
                log_.info(entry.id, "Mail delivered to mailbox '{}' of <{}> with id {}",
                          receipt->targets[t].folder_path, entry.envelope.recipients[i].address.text(),
                          receipt->targets[t].uid.value());
}

/// RFC 2852 §4.1.3: what is late is given back, or its sender told. False: not now, somebody is sending it.
bool Processor::expire(Entry& entry, Time now) {
    auto& by = entry.envelope.deliver_by;
    if (!by || by->mode == queue::DeliverBy::Mode::told || by->time > now) return true;
    if (links_.is_given && links_.is_given(entry.id)) return false;
    for (Recipient& recipient : entry.envelope.recipients) {
        if (recipient.state != Recipient::State::pending) continue;
        if (by->mode == queue::DeliverBy::Mode::give_back) {
            fail_for_good(recipient, now, "5.4.7", "Not delivered within the time that the sender gave it");
        } else if (recipient.notify == queue::Notify::unsaid
                   || (recipient.notify & queue::Notify::delay) != 0) {
            recipient.owed |= Recipient::delay;
            recipient.status = late;
        }
    }
    by->mode = queue::DeliverBy::Mode::told;
    return true;
}

void Processor::release_unsent() {
    make_due([](const Recipient& r) {
        return r.state == Recipient::State::held && r.status == unsent_status && r.diagnostic == unsent_why;
    });
}

void Processor::release_scanned_by(const std::string& scanner) {
    // As filter() leaves them.
    const std::string why = scanner + ": ";
    const auto released = make_due([&](const Recipient& r) {
        return r.state == Recipient::State::pending && (r.status == "4.3.0" || r.status == late)
               && r.diagnostic.starts_with(why);
    });
    if (released == 0) return;
    log_.info({}, "{} messages have waited for {} and are due now", released, scanner);
}

/// @return how many messages have such recipients
std::size_t Processor::make_due(const Whom& whom) {
    std::vector<QueueId> held;
    auto looked = queue_.each([&](const Entry& entry) {
        if (std::ranges::any_of(entry.envelope.recipients, whom)) held.push_back(entry.id);
        return !stopping_;
    });
    if (!looked) log_.error({}, "The queue cannot be read: {}", looked.error().what);
    for (QueueId id : held) {
        auto before = queue_.wait_and_take(id);
        if (!before || !*before) continue;
        Entry after = **before;
        for (Recipient& recipient : after.envelope.recipients) {
            if (!whom(recipient)) continue;
            recipient.state = Recipient::State::pending;
            recipient.next_attempt = queue::full_seconds(clock_.now());
        }
        after.plan(clock_.now());
        if (auto ok = queue_.put_back(**before, after); !ok)
            log_.error(id, "The queue entry cannot be written: {}", ok.error().what);
    }
    wake();
    return held.size();
}

}  // namespace postrider::delivery
