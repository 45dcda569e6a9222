#include <fmt/core.h>

#include "smtp/session/session.h"
#include "smtp/wire/wishes.h"
#include "text/ascii.h"

/// MAIL parameters about the time and urgency of delivery: BY, HOLDFOR, HOLDUNTIL, MT-PRIORITY.
namespace postrider::smtp {
namespace {

/// A message for a time that is over would go at once, which nobody can have meant; a client's clock may be
/// a little late, though.
constexpr std::chrono::minutes clocks_differ{5};

}  // namespace

std::optional<Reply> Session::wishes_that_exclude_each_other() const {
    const queue::Envelope& envelope = transaction_->envelope;
    if (envelope.deliver_by && envelope.release > envelope.deliver_by->time)  // RFC 4865 §5.2.2
        return Reply{501, "5.5.4", "The message is to be there before it is to go"};
    return std::nullopt;
}

bool Session::delivery_wishes(std::string_view keyword, std::string_view value,
                              std::optional<Reply>& refusal) {
    using text::equal_ci;
    Transaction& t = *transaction_;
    const SmtpSettings& allow = s_.settings;
    const Time now = queue::full_seconds(s_.clock.now());
    const bool hold_for = equal_ci(keyword, "HOLDFOR"), hold_until = equal_ci(keyword, "HOLDUNTIL");
    if (equal_ci(keyword, "BY") && allow.allow_deliver_by) {  // RFC 2852 §4
        auto by = parse_by(value);
        if (!by || t.envelope.deliver_by)
            refusal = Reply{501, "5.5.4", "BY is seconds, a semicolon, R or N, and T or nothing, once"};
        else if (by->give_back && by->time.count() <= 0)  // with R that is a mistake, with N it is not
            refusal = Reply{501, "5.5.4", "BY with R needs a time to come"};
        else if (by->give_back && by->time < allow.min_deliver_by)
            refusal =
                Reply{555, "5.5.4",
                      fmt::format("BY with R is possible from {} seconds on", allow.min_deliver_by.count())};
        else
            t.envelope.deliver_by = queue::DeliverBy{
                now + by->time,
                by->give_back ? queue::DeliverBy::Mode::give_back : queue::DeliverBy::Mode::notify,
                by->trace};
        return true;
    }
    if ((hold_for || hold_until) && allow.allow_future_release
        && entrance_.protocol == Protocol::submission) {  // RFC 4865 §4
        std::optional<Time> release;
        if (hold_for) {
            if (auto seconds = parse_hold_for(value)) release = now + *seconds;
        } else if (auto when = parse_hold_until(value)) {
            release = *when;
        }
        if (!release || t.release_said)
            refusal = Reply{501, "5.5.4", "HOLDFOR needs seconds, HOLDUNTIL a time in UTC, one of them"};
        else if (*release + clocks_differ < now)
            refusal = Reply{501, "5.5.4", "HOLDUNTIL needs a time to come"};
        else if (*release > now + allow.max_future_release)
            refusal = Reply{501, "5.5.4", "Messages are not held back for so long"};
        else {
            t.envelope.release = *release;
            t.envelope.release_asked = fmt::format("{};{}", hold_for ? "for" : "until", value);
        }
        t.release_said = true;
        return true;
    }
    if (equal_ci(keyword, "MT-PRIORITY") && allow.allow_mt_priority) {  // RFC 6710 §4.1
        auto priority = parse_priority(value);
        if (!priority || t.priority_said)
            refusal = Reply{501, "5.5.2", "MT-PRIORITY is a number from -9 to 9, once"};
        else if (*priority > 0 && !account_ && !lmtp())
            t.lowered_priority = 0;
        else
            t.envelope.priority = *priority;
        t.priority_said = true;
        return true;
    }
    return false;
}

}  // namespace postrider::smtp
