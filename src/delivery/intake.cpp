#include "delivery/intake.h"

#include <algorithm>
#include <memory>

#include "filter/signing/signer.h"

namespace postrider::delivery {
namespace {

using queue::Notify;
using queue::Recipient;

/// Hands the batch that makes the message visible its queue entry, if some recipient needs one.
std::function<void(BlobId, kv::Batch&)> queue_entry(queue::Envelope envelope, std::size_t size, Time now) {
    if (envelope.recipients.empty()) return {};
    for (Recipient& recipient : envelope.recipients)
        if (recipient.next_attempt == Time{}) recipient.next_attempt = queue::full_seconds(now);
    return [envelope = std::move(envelope), size, now](BlobId blob, kv::Batch& batch) {
        queue::Entry entry;
        entry.id = QueueId{blob.value()};
        entry.blob = blob;
        entry.envelope = envelope;
        entry.size = static_cast<std::uint32_t>(size);
        entry.plan(now);
        queue::Queue::add(entry, batch);
    };
}

/// The envelope without its recipients.
queue::Envelope without_recipients(const queue::Envelope& envelope) {
    queue::Envelope copy;
    copy.reverse_path = envelope.reverse_path;
    copy.envid = envelope.envid;
    copy.return_full = envelope.return_full;
    copy.return_headers = envelope.return_headers;
    copy.body = envelope.body;
    copy.smtputf8 = envelope.smtputf8;
    copy.authenticated = envelope.authenticated;
    copy.client = envelope.client;
    copy.helo = envelope.helo;
    copy.arrival = envelope.arrival;
    copy.priority = envelope.priority;
    copy.require_tls = envelope.require_tls;
    copy.deliver_by = envelope.deliver_by;
    copy.release = envelope.release;
    return copy;
}

mailstore::Submission submission(const queue::Acceptance& acceptance, std::string payload, Time now) {
    mailstore::Submission s;
    s.meta = acceptance.encode();
    s.targets = acceptance.targets;
    s.received = acceptance.envelope.arrival;
    s.also = queue_entry(acceptance.envelope, payload.size(), now);
    s.payload = std::move(payload);
    return s;
}

}  // namespace

/// What was decided for a message, kept until the store has answered.
struct Intake::Plan {
    queue::Envelope envelope;        ///< as received
    std::vector<std::size_t> owner;  ///< target -> envelope recipient
    bool has_entry = false;
    std::vector<AccountId> with_quota;
    std::function<void(mailstore::Result<Accepted>)> done;
};

std::string copy_prefix(const mime::AddrSpec& reverse_path, const mime::AddrSpec& recipient) {
    std::string prefix;
    std::string from = reverse_path.text(), to = recipient.text();
    prefix.reserve(from.size() + to.size() + 40);
    prefix.append("Return-Path: <").append(from).append(">\r\nDelivered-To: ").append(to).append("\r\n");
    return prefix;
}

Intake::Intake(mailstore::MailStore& store, const Clock& clock, observe::Logger log,
               observe::Metrics& metrics, std::function<void()> queued)
    : store_{store},
      clock_{clock},
      log_{log},
      delivered_{metrics.counter("delivery.local", "Copies put into local folders")},
      queued_count_{metrics.counter("delivery.queued", "Messages that got a queue entry")},
      queued_{std::move(queued)} {}

void Intake::delay_by(std::vector<DelayRule> rules) {
    rules_ = rules.empty() ? nullptr : std::make_shared<const std::vector<DelayRule>>(std::move(rules));
}

void Intake::accept(Incoming message, Quota quota, std::function<void(mailstore::Result<Accepted>)> done) {
    if (signer_ != nullptr && signer_->active()
        && std::ranges::any_of(message.destinations,
                               [](const Destination& one) { return !one.elsewhere.empty(); }))
        message.payload.insert(0, signer_->lines(message.envelope, message.payload));
    auto plan = std::make_shared<Plan>();
    queue::Acceptance acceptance;
    acceptance.envelope = without_recipients(message.envelope);
    const auto rules = rules_.load();
    const Time now = clock_.now();

    for (std::size_t i = 0; i < message.envelope.recipients.size(); ++i) {
        const Recipient& recipient = message.envelope.recipients[i];
        Destination& destination = message.destinations[i];
        Time release = message.envelope.release;
        if (rules)
            if (auto until =
                    delayed_until(*rules, message.envelope, recipient.address, message.payload.size(), now))
                release = std::max(release, *until);
        if (on_grown)
            plan->with_quota.insert(plan->with_quota.end(), destination.with_quota.begin(),
                                    destination.with_quota.end());
        // Who asked for a delivery notice gets it exactly once from the queue's own bookkeeping.
        if (release > now || recipient.wants(Notify::success)) {
            acceptance.envelope.recipients.push_back(recipient);
            if (release > now) acceptance.envelope.recipients.back().next_attempt = release;
            continue;
        }
        for (mailstore::Target& target : destination.targets) {
            bool there = std::ranges::any_of(acceptance.targets, [&](const mailstore::Target& t) {
                return t.account == target.account && t.folder == target.folder;
            });
            if (there) continue;
            target.over_quota_allowed = quota == Quota::checked;
            target.prefix = copy_prefix(message.envelope.reverse_path, recipient.address);
            plan->owner.push_back(i);
            acceptance.targets.push_back(std::move(target));
        }
        for (mime::AddrSpec& address : destination.elsewhere) {
            Recipient remote = recipient;
            remote.address = std::move(address);
            if (const Routes* routes = routes_)
                remote.destination = routes->destination(message.envelope, remote.address);
            acceptance.envelope.recipients.push_back(std::move(remote));
        }
    }
    plan->has_entry = !acceptance.envelope.recipients.empty();
    // One copy for people of several domains: where the first of them has its mail. What only waits in the
    // queue goes to location 0.
    std::uint16_t location = 0;
    for (const Destination& destination : message.destinations) {
        if (destination.targets.empty()) continue;
        location = destination.location;
        break;
    }
    plan->envelope = std::move(message.envelope);
    plan->done = std::move(done);

    auto submitted = submission(acceptance, std::move(message.payload), now);
    submitted.location = location;
    store_.submit(std::move(submitted), [this, plan](mailstore::Result<mailstore::DeliveryReceipt> receipt) {
        finish(plan, std::move(receipt));
    });
}

void Intake::finish(const std::shared_ptr<Plan>& plan,
                    mailstore::Result<mailstore::DeliveryReceipt> receipt) {
    if (!receipt) {
        plan->done(std::unexpected(receipt.error()));
        return;
    }
    Accepted accepted;
    accepted.id = QueueId{receipt->blob.value()};
    accepted.refusals.resize(plan->envelope.recipients.size());
    for (std::size_t i = 0; i < receipt->targets.size(); ++i) {
        const auto& target = receipt->targets[i];
        std::size_t recipient = plan->owner[i];
        if (target.ok) {
            delivered_.add();
            log_.info(accepted.id, "Mail delivered to mailbox '{}' of <{}> with id {}", target.folder_path,
                      plan->envelope.recipients[recipient].address.text(), target.uid.value());
            continue;
        }
        // An account deleted in between took its mail with it.
        if (target.error == mailstore::MailError::no_such_account) continue;
        accepted.refusals[recipient] = target.error == mailstore::MailError::over_quota
                                           ? Refusal{true, "4.2.2", "Mailbox full"}
                                           : Refusal{true, "4.2.0", "Mailbox could not be written"};
        log_.error(accepted.id, "Mail for <{}> could not be put into mailbox '{}': {}",
                   plan->envelope.recipients[recipient].address.text(), target.folder_path,
                   accepted.refusals[recipient]->text);
    }
    for (AccountId account : plan->with_quota) on_grown(account);
    if (plan->has_entry) {
        queued_count_.add();
        queued_();
    }
    plan->done(std::move(accepted));
}

std::optional<mailstore::Submission> Intake::replay(std::string_view meta, std::string_view payload) {
    auto acceptance = queue::Acceptance::decode(meta);
    if (!acceptance) return std::nullopt;
    // It was answered with 250: quotas have had their say.
    for (mailstore::Target& target : acceptance->targets) target.over_quota_allowed = true;
    Time arrival = acceptance->envelope.arrival;
    return submission(*acceptance, std::string{payload}, arrival);
}

}  // namespace postrider::delivery
