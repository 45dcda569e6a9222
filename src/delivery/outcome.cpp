#include "delivery/outcome.h"

namespace postrider::delivery {

using queue::Notify;
using queue::Recipient;

namespace {

void note(Recipient& recipient, Time now, std::string status, std::string diagnostic) {
    recipient.last_attempt = queue::full_seconds(now);
    recipient.status = std::move(status);
    recipient.diagnostic = std::move(diagnostic);
}

}  // namespace

void fail_for_now(Recipient& recipient, const RetrySchedule& schedule, Time now, std::string status,
                  std::string diagnostic) {
    note(recipient, now, std::move(status), std::move(diagnostic));
    ++recipient.attempts;
    if (recipient.attempts >= schedule.max_attempts) {
        if (recipient.status.starts_with('4')) recipient.status[0] = '5';
        recipient.state = Recipient::State::failed;
        if (recipient.wants(Notify::failure)) recipient.owed |= Recipient::failure;
        return;
    }
    recipient.state = Recipient::State::pending;
    recipient.next_attempt = queue::full_seconds(now) + schedule.after(recipient.attempts);
    // RFC 3461 §4.1: without NOTIFY we may tell of delays.
    const bool may_tell = recipient.notify == Notify::unsaid || (recipient.notify & Notify::delay) != 0;
    if (may_tell && schedule.tells(recipient.attempts)) recipient.owed |= Recipient::delay;
}

void fail_for_good(Recipient& recipient, Time now, std::string status, std::string diagnostic) {
    note(recipient, now, std::move(status), std::move(diagnostic));
    ++recipient.attempts;
    recipient.state = Recipient::State::failed;
    if (recipient.wants(Notify::failure)) recipient.owed |= Recipient::failure;
}

void succeed(Recipient& recipient, Recipient::State state, Time now, std::string status,
             std::string diagnostic, bool tell) {
    note(recipient, now, std::move(status), std::move(diagnostic));
    recipient.state = state;
    recipient.owed &= static_cast<std::uint8_t>(~Recipient::delay);
    if (tell && recipient.wants(Notify::success)) recipient.owed |= Recipient::success;
}

}  // namespace postrider::delivery
