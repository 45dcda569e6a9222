#include "delivery/intake.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "delivery/outcome.h"
#include "filter/anti_spam.h"
#include "filter/signing/signer.h"
#include "text/ascii.h"

namespace postrider::delivery {
namespace {

using queue::Notify;
using queue::Recipient;

/// Of one message, those that a policy adds among them.
constexpr std::size_t max_recipients = 100'000;

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
    copy.release_asked = envelope.release_asked;
    return copy;
}

mailstore::Submission submission(const queue::Acceptance& acceptance, std::string payload, Time now) {
    mailstore::Submission s;
    s.meta = acceptance.encode();
    s.targets = acceptance.targets;
    s.received = acceptance.envelope.arrival;
    if (acceptance.mark.empty()) {
        s.also = queue_entry(acceptance.envelope, payload.size(), now);
    } else {
        s.also = [mark = acceptance.mark](BlobId, kv::Batch& batch) { batch.put(mark, ""); };
        s.hold = false;
    }
    s.payload = std::move(payload);
    return s;
}

}  // namespace

/// What was decided for a message, kept until the store has answered.
struct Intake::Plan {
    explicit Plan(InFlight& all) : pass{all} {}

    InFlight::Pass pass;
    queue::Envelope envelope;  ///< as received
    /// Of each submission (the message as it came, then the changed copies): target -> envelope recipient.
    std::vector<std::vector<std::size_t>> parts;
    bool has_entry = false;
    std::vector<AccountId> with_quota;
    std::function<void(mailstore::Result<Accepted>)> done;

    bool leaves = false;        ///< scripts send it on to other hosts
    std::vector<bool> dropped;  ///< recipients that get nothing, by number; empty: none

    // What filters have said.
    std::vector<std::optional<Refusal>> refused;
    std::vector<std::pair<std::size_t, Sorted::Rewritten>> rewritten;  ///< envelope recipient, its copy
    Beside beside;
    std::vector<std::string> trace;

    std::mutex mutex;  ///< for what follows
    std::size_t left = 0;
    Accepted accepted;
    std::optional<mailstore::Failure> failure;
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

void Intake::change(Incoming& message, Plan& plan, Changes changes) {
    auto& recipients = message.envelope.recipients;
    auto find = [&](const std::string& name) {
        return std::ranges::find_if(
            recipients, [&](const Recipient& one) { return text::equal_ci(one.address.text(), name); });
    };
    if (changes.payload) message.payload = std::move(*changes.payload);
    if (changes.delay.count() != 0)
        message.envelope.release =
            std::max(message.envelope.release, queue::full_seconds(clock_.now()) + changes.delay);
    for (const std::string& name : changes.drop) {
        auto at = find(name);
        if (at == recipients.end()) continue;
        plan.dropped.resize(recipients.size());
        plan.dropped[static_cast<std::size_t>(at - recipients.begin())] = true;
        plan.trace.push_back(fmt::format("Recipient <{}> dropped by the policy", name));
    }
    for (const std::string& name : changes.add) {
        auto address = mime::parse_addr_spec(name);
        if (!address || !router_ || recipients.size() >= max_recipients) {
            plan.trace.push_back(fmt::format("The policy cannot add the recipient <{}>", name));
            continue;
        }
        if (find(name) != recipients.end()) continue;
        Destination destination = router_->resolve(*address, message.payload.size());
        if (destination.refusal) {
            plan.trace.push_back(
                fmt::format("The policy cannot add the recipient <{}>: {}", name, destination.refusal->text));
            continue;
        }
        plan.trace.push_back(fmt::format("Recipient <{}> added by the policy", name));
        Recipient recipient;
        recipient.address = std::move(*address);
        recipient.notify = Notify::never;  // the sender does not know of it
        recipients.push_back(std::move(recipient));
        message.destinations.push_back(std::move(destination));
    }
}

/// What filters make of recipient `index`; false: the queue is to have it.
bool Intake::filter(Incoming& message, Plan& plan, Filters& filters, std::size_t index,
                    queue::Acceptance& acceptance) {
    Recipient& recipient = message.envelope.recipients[index];
    Destination& destination = message.destinations[index];
    const Filters::When when = filters.when(recipient, destination);
    if (when == Filters::When::never) return true;
    if (when == Filters::When::later
        && (!message.answer_by || *message.answer_by <= std::chrono::steady_clock::now()))
        return false;
    Sorted sorted = filters.sort(recipient, destination);
    std::ranges::move(sorted.trace, std::back_inserter(plan.trace));
    if (sorted.repeat) return false;
    if (sorted.held) {
        recipient.state = Recipient::State::held;
        recipient.status = queue::quarantined_status;
        recipient.diagnostic = std::move(*sorted.held);
        return false;
    }
    destination.targets = std::move(sorted.targets);
    destination.elsewhere = std::move(sorted.elsewhere);
    if (sorted.refusal) plan.refused[index] = std::move(sorted.refusal);
    for (Sorted::Rewritten& one : sorted.rewritten) plan.rewritten.emplace_back(index, std::move(one));
    for (Recipient& further : sorted.further) {
        if (signs() && further.state == Recipient::State::pending && router_
            && router_->leaves(further.address))
            plan.leaves = true;
        acceptance.envelope.recipients.push_back(std::move(further));
    }
    plan.beside.add(std::move(sorted.beside));
    return true;
}

bool Intake::signs() const {
    return signer_ != nullptr && signer_->active();
}

bool Intake::waits(const Incoming& message) const {
    if (!chain_ || !chain_->catalogue.has_scanners() || message.filtered || !message.answer_by) return false;
    Filters filters{*chain_, message.envelope, message.payload};
    for (std::size_t i = 0; i < message.envelope.recipients.size(); ++i)
        if (filters.when(message.envelope.recipients[i], message.destinations[i]) == Filters::When::later)
            return true;
    return false;
}

void Intake::accept(Incoming message, Quota quota, std::function<void(mailstore::Result<Accepted>)> done) {
    auto plan = std::make_shared<Plan>(in_flight_);
    if (first_ && !message.filtered)
        if (auto changes = first_(message.envelope, message.payload))
            change(message, *plan, std::move(*changes));
    queue::Acceptance acceptance;
    acceptance.envelope = without_recipients(message.envelope);
    const auto rules = rules_.load();
    const Time now = clock_.now();
    std::optional<Filters> filters;
    if (chain_ && !message.filtered) filters.emplace(*chain_, message.envelope, message.payload);
    if (filters && message.answer_by) filters->answer_by(*message.answer_by);
    plan->refused.resize(message.envelope.recipients.size());
    plan->parts.emplace_back();

    for (std::size_t i = 0; i < message.envelope.recipients.size(); ++i) {
        const Recipient& recipient = message.envelope.recipients[i];
        Destination& destination = message.destinations[i];
        if (i < plan->dropped.size() && plan->dropped[i]) continue;
        Time release = message.envelope.release;
        if (rules)
            if (auto until =
                    delayed_until(*rules, message.envelope, recipient.address, message.payload.size(), now))
                release = std::max(release, *until);
        if (on_grown)
            plan->with_quota.insert(plan->with_quota.end(), destination.with_quota.begin(),
                                    destination.with_quota.end());
        // Who asked for a delivery notice gets it exactly once from the queue's own bookkeeping.
        const bool routed =
            !recipient.destination.empty();  // by a policy: it goes there, whatever the table says
        const bool held = recipient.state == Recipient::State::held;  // quarantined before it came to us
        if (held || release > now || (recipient.wants(Notify::success) && !routed)
            || (filters && !filter(message, *plan, *filters, i, acceptance))) {
            acceptance.envelope.recipients.push_back(recipient);
            if (release > now) acceptance.envelope.recipients.back().next_attempt = release;
            if (filters) acceptance.envelope.recipients.back().destination.clear();  // they come first
            continue;
        }
        if (plan->refused[i]) continue;
        for (mailstore::Target& target : destination.targets) {
            bool there = std::ranges::any_of(acceptance.targets, [&](const mailstore::Target& t) {
                return t.account == target.account && t.folder == target.folder;
            });
            if (there) continue;
            target.over_quota_allowed = quota == Quota::checked;
            target.prefix.insert(0, copy_prefix(message.envelope.reverse_path, recipient.address));
            plan->parts[0].push_back(i);
            acceptance.targets.push_back(std::move(target));
        }
        for (mime::AddrSpec& address : destination.elsewhere) {
            Recipient remote = recipient;
            if (destination.expanded) remote.forwarded_by = recipient.address.domain;
            remote.address = std::move(address);
            if (const Routes* routes = routes_; routes && !routed)
                remote.destination = routes->destination(message.envelope, remote.address);
            acceptance.envelope.recipients.push_back(std::move(remote));
        }
    }
    plan->done = std::move(done);
    // SMTP has one answer for all (RFC 5321 §4.2.5), so a refusal by some is told by a report.
    const bool all = std::ranges::all_of(plan->refused, [](const auto& r) { return r.has_value(); });
    if (!all && !message.answers_each)
        for (std::size_t i = 0; i < plan->refused.size(); ++i) {
            if (!plan->refused[i]) continue;
            Recipient failed = message.envelope.recipients[i];
            fail_for_good(failed, now, plan->refused[i]->status, plan->refused[i]->text);
            acceptance.envelope.recipients.push_back(std::move(failed));
            plan->refused[i].reset();
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
    // After the filters, which may have sent it on to other hosts.
    if (signs() && (plan->leaves || std::ranges::any_of(message.destinations, [](const Destination& one) {
                        return !one.elsewhere.empty();
                    })))
        message.payload.insert(0, signer_->lines(message.envelope, message.payload));
    plan->envelope = std::move(message.envelope);
    if (chain_) collect_addresses(plan->envelope);
    Beside beside = std::move(plan->beside);
    store(plan, std::move(acceptance), std::move(message.payload), location, quota);
    if (!beside.empty()) send(std::move(beside));
}

/// Whom people write to are no strangers to them when they answer.
void Intake::collect_addresses(const queue::Envelope& envelope) {
    if (!chain_->anti_spam || envelope.authenticated.empty()) return;
    const auto sender = mime::parse_addr_spec(envelope.authenticated);
    if (!sender) return;
    const auto account = chain_->directory.account(*sender);
    if (!account || !*account) return;
    std::vector<mime::AddrSpec> recipients;
    for (const Recipient& recipient : envelope.recipients) recipients.push_back(recipient.address);
    chain_->anti_spam->confirmation().written_to((*account)->id, recipients);
}

/// The message as it came for those who get it so, and each changed copy: all of them, then the answer.
void Intake::store(const std::shared_ptr<Plan>& plan, queue::Acceptance acceptance, std::string payload,
                   std::uint16_t location, Quota quota) {
    const bool whole = plan->has_entry || !acceptance.targets.empty();
    plan->left = plan->rewritten.size() + (whole ? 1 : 0);
    if (plan->left == 0) {  // refused or discarded
        Accepted nothing;
        nothing.trace = std::move(plan->trace);
        nothing.refusals = std::move(plan->refused);
        plan->done(std::move(nothing));
        return;
    }
    const Time now = clock_.now();
    auto submit = [&](const queue::Acceptance& part, std::string text, std::size_t number) {
        auto submitted = submission(part, std::move(text), now);
        submitted.location = location;
        store_.submit(std::move(submitted),
                      [this, plan, number](mailstore::Result<mailstore::DeliveryReceipt> receipt) {
                          finish(plan, number, std::move(receipt));
                      });
    };
    auto rewritten = std::move(plan->rewritten);
    for (const auto& [owner, one] : rewritten) plan->parts.push_back({owner});
    if (whole) submit(acceptance, std::move(payload), 0);
    for (std::size_t i = 0; i < rewritten.size(); ++i) {
        auto& [owner, one] = rewritten[i];
        queue::Acceptance part;
        part.envelope = without_recipients(plan->envelope);
        one.target.over_quota_allowed = quota == Quota::checked;
        one.target.prefix.insert(
            0, copy_prefix(plan->envelope.reverse_path, plan->envelope.recipients[owner].address));
        part.targets.push_back(std::move(one.target));
        submit(part, std::move(one.text), i + 1);
    }
}

void Intake::send(Beside beside) {
    for (const auto& [account, memo] : beside.memos) chain_->memory.note(account, memo);
    for (const auto& then : beside.afterwards) then();
    for (SideMessage& side : beside.messages) {
        Incoming message;
        message.envelope = std::move(side.envelope);
        message.payload = std::move(side.text);
        std::string who;
        std::vector<Recipient> recipients = std::move(message.envelope.recipients);
        message.envelope.recipients.clear();
        for (Recipient& recipient : recipients) {
            Destination destination = router_->resolve(recipient.address, message.payload.size());
            who = recipient.address.text();
            if (destination.refusal && !destination.refusal->temporary) {
                log_.warning({}, "A message written by a filter cannot be sent to <{}>: {}", who,
                             destination.refusal->text);
                continue;
            }
            if (destination.refusal) destination.elsewhere.push_back(recipient.address);
            destination.refusal.reset();
            message.envelope.recipients.push_back(std::move(recipient));
            message.destinations.push_back(std::move(destination));
        }
        if (message.envelope.recipients.empty()) continue;
        accept(std::move(message), Quota::enforced, [this, who](mailstore::Result<Accepted> accepted) {
            if (!accepted)
                log_.error({}, "A message written by a filter for <{}> could not be stored: {}", who,
                           accepted.error().what);
        });
    }
}

void Intake::finish(const std::shared_ptr<Plan>& plan, std::size_t part,
                    mailstore::Result<mailstore::DeliveryReceipt> receipt) {
    {
        std::lock_guard lock{plan->mutex};
        if (!receipt)
            plan->failure = receipt.error();
        else
            note(*plan, part, *receipt);
        if (--plan->left > 0) return;
    }
    if (plan->failure) {
        plan->done(std::unexpected(*plan->failure));
        return;
    }
    for (std::size_t i = 0; i < plan->refused.size(); ++i)
        if (plan->refused[i]) plan->accepted.refusals[i] = std::move(plan->refused[i]);
    for (AccountId account : plan->with_quota) on_grown(account);
    if (plan->has_entry) {
        queued_count_.add();
        queued_();
    }
    plan->done(std::move(plan->accepted));
}

void Intake::note(Plan& plan, std::size_t part, const mailstore::DeliveryReceipt& receipt) {
    Accepted& accepted = plan.accepted;
    const QueueId id{receipt.blob.value()};
    if (part == 0 || accepted.id == QueueId{}) accepted.id = id;
    accepted.refusals.resize(plan.envelope.recipients.size());
    for (const std::string& line : plan.trace) log_.info(id, "{}", line);
    plan.trace.clear();
    for (std::size_t i = 0; i < receipt.targets.size(); ++i) {
        const auto& target = receipt.targets[i];
        const std::size_t recipient = plan.parts[part][i];
        if (target.ok) {
            delivered_.add();
            log_.info(id, "Mail delivered to mailbox '{}' of <{}> with id {}", target.folder_path,
                      plan.envelope.recipients[recipient].address.text(), target.uid.value());
            continue;
        }
        // An account deleted in between took its mail with it.
        if (target.error == mailstore::MailError::no_such_account) continue;
        accepted.refusals[recipient] = target.error == mailstore::MailError::over_quota
                                           ? Refusal{true, "4.2.2", "Mailbox full"}
                                           : Refusal{true, "4.2.0", "Mailbox could not be written"};
        log_.error(id, "Mail for <{}> could not be put into mailbox '{}': {}",
                   plan.envelope.recipients[recipient].address.text(), target.folder_path,
                   accepted.refusals[recipient]->text);
    }
}

mailstore::Submission Intake::changed_copy(const queue::Envelope& envelope, mailstore::Target target,
                                           std::string text, std::string mark) {
    queue::Acceptance acceptance;
    acceptance.envelope = without_recipients(envelope);
    acceptance.targets.push_back(std::move(target));
    acceptance.mark = std::move(mark);
    return submission(acceptance, std::move(text), envelope.arrival);
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
