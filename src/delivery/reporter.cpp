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

const queue::Notice& notice_of(Action action, const ReportSettings& settings) {
    if (action == Action::failed) return settings.permanent;
    return action == Action::delayed ? settings.temporary : settings.success;
}

std::uint8_t bit(Action action) {
    if (action == Action::failed) return Recipient::failure;
    return action == Action::delayed ? Recipient::delay : Recipient::success;
}

}  // namespace

Reporter::Reporter(mailstore::MailStore& store, const Router& router, Intake& intake, const Clock& clock,
                   observe::Logger log, std::string host)
    : store_{store}, router_{router}, intake_{intake}, clock_{clock}, log_{log}, host_{std::move(host)} {}

bool Reporter::pay(Entry& entry, const ReportSettings& settings, const RetrySchedule& schedule) {
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
        queue::Notice notice = notice_of(action, settings);
        if (settings.adjust) {
            const std::uint32_t attempts = std::min(schedule.max_attempts, about.front()->attempts);
            settings.adjust(action, entry, about, schedule.max_attempts - attempts, notice);
        }
        if (notice.send && !send(action, entry, about, notice, schedule)) return false;
        for (Recipient& recipient : entry.envelope.recipients)
            if (owes(recipient, action)) recipient.owed &= static_cast<std::uint8_t>(~bit(action));
    }
    return true;
}

/// False when it has to be tried again.
bool Reporter::send(Action action, const Entry& entry, const std::vector<const Recipient*>& about,
                    const queue::Notice& notice, const RetrySchedule& schedule) {
    auto original = store_.read(entry.blob);
    if (!original && original.error().kind != mailstore::MailError::corrupt) {
        log_.error(entry.id, "The message cannot be read for a report: {}", original.error().what);
        return false;
    }
    queue::ReportOptions options;
    options.host = host_;
    options.notice = notice;
    if (!original) options.notice.attach = queue::Attach::none;  // better than no report
    options.now = clock_.now();
    options.boundary = fmt::format(
        "report-{}-{}-{}", queue::to_string(entry.id), entry.attempts(),
        std::chrono::duration_cast<std::chrono::microseconds>(options.now.time_since_epoch()).count());
    if (action == Action::delayed) {
        const Recipient& first = *about.front();
        options.next_attempt = std::max(first.next_attempt, options.now);
        options.remaining_attempts = schedule.max_attempts - std::min(schedule.max_attempts, first.attempts);
        Time last = options.next_attempt;
        for (std::uint32_t n = first.attempts + 1; n < schedule.max_attempts; ++n) last += schedule.after(n);
        options.give_up = last;
    }
    return hand_in(entry, queue::make_report(action, entry.envelope, about,
                                             original ? **original : std::string_view{}, options));
}

bool Reporter::hand_in(const Entry& entry, queue::Report report) {
    Incoming message;
    message.payload = std::move(report.message);
    message.envelope.arrival = clock_.now();
    message.envelope.body = report.eight_bit ? queue::BodyType::eight_bit : queue::BodyType::seven_bit;
    message.envelope.smtputf8 = report.smtputf8;
    message.envelope.priority = entry.envelope.priority;        // RFC 6710 §4.6
    message.envelope.require_tls = entry.envelope.require_tls;  // RFC 8689 §5
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
