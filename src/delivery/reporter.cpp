#include "delivery/reporter.h"

#include <fmt/core.h>

#include <future>

namespace postrider::delivery {

using queue::Action;
using queue::Entry;
using queue::Notify;
using queue::Recipient;

namespace {

constexpr Action actions[] = {Action::failed, Action::delayed, Action::delivered, Action::relayed,
                              Action::expanded};

bool owes(const Recipient& recipient, Action action) {
    switch (action) {
        case Action::failed: return (recipient.owed & Recipient::failure) != 0;
        case Action::delayed: return (recipient.owed & Recipient::delay) != 0;
        case Action::delivered:
        case Action::relayed:
        case Action::expanded: break;
    }
    if ((recipient.owed & Recipient::success) == 0) return false;
    if (recipient.state == Recipient::State::sent) return action == Action::relayed;
    if (recipient.state == Recipient::State::expanded) return action == Action::expanded;
    return action == Action::delivered;
}

std::uint8_t bit(Action action) {
    if (action == Action::failed) return Recipient::failure;
    return action == Action::delayed ? Recipient::delay : Recipient::success;
}

}  // namespace

Reporter::Reporter(mailstore::MailStore& store, const Router& router, Intake& intake, const Clock& clock,
                   observe::Logger log, std::string host)
    : store_{store}, router_{router}, intake_{intake}, clock_{clock}, log_{log}, host_{std::move(host)} {}

bool Reporter::pay(Entry& entry) {
    if (!entry.owes_reports()) return true;
    if (entry.envelope.reverse_path.null()) {  // RFC 5321 §4.5.5: no report about a report
        for (Recipient& recipient : entry.envelope.recipients) recipient.owed = Recipient::nothing;
        return true;
    }
    for (Action action : actions) {
        std::vector<const Recipient*> about;
        for (const Recipient& recipient : entry.envelope.recipients)
            if (owes(recipient, action)) about.push_back(&recipient);
        if (about.empty()) continue;
        if (!send(action, entry, about)) return false;
        for (Recipient& recipient : entry.envelope.recipients)
            if (owes(recipient, action)) recipient.owed &= static_cast<std::uint8_t>(~bit(action));
    }
    return true;
}

/// False when it has to be tried again.
bool Reporter::send(Action action, const Entry& entry, const std::vector<const Recipient*>& about) {
    auto original = store_.read(entry.blob);
    if (!original) {
        log_.error(entry.id, "The message cannot be read for a report: {}", original.error().what);
        return true;
    }
    queue::ReportOptions options;
    options.host = host_;
    options.now = clock_.now();
    options.give_up = options.now;
    options.boundary = fmt::format(
        "report-{}-{}-{}", queue::to_string(entry.id), entry.attempts(),
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
        return true;
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
