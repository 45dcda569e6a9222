// What an administrator does to messages in the queue: one by its id, or all that a filter finds.

#include <fmt/core.h>

#include <algorithm>

#include "admin/lookup.h"
#include "admin/queue_operations.h"

namespace postrider::admin {
namespace {

using queue::Entry;
using queue::Recipient;
using Kind = Error::Kind;
using State = Recipient::State;

enum class Outcome { done, nothing, busy, gone };

/// Takes the entry out of the queue's hands, changes it and gives it back. `act` says whether it has changed
/// anything.
template <class Act>
std::expected<Outcome, Error> change_one(Context& context, QueueId id, Act& act) {
    auto taken = need(context.queue.take(id));
    if (!taken) return std::unexpected(taken.error());
    if (taken->busy) return Outcome::busy;
    if (!taken->entry) return Outcome::gone;
    // First taken, then looked at: see VirtualQueues::take.
    if (context.is_sending && context.is_sending(id)) {
        context.queue.let_go(id);
        return Outcome::busy;
    }
    Entry after = *taken->entry;
    if (!act(after)) {
        context.queue.let_go(id);
        return Outcome::nothing;
    }
    after.plan(context.clock.now());
    if (auto ok = need(context.queue.put_back(*taken->entry, after)); !ok) return std::unexpected(ok.error());
    return Outcome::done;
}

template <class Act>
Result change(Context& context, const Arguments& arguments, const Progress& progress, Act act,
              bool quarantined = false) {
    auto filter = QueueFilter::from(context, arguments);
    if (!filter) return std::unexpected(filter.error());
    filter->quarantined = quarantined;
    if (auto text = arguments.maybe_text("id")) {
        if (!filter->empty() || arguments.flag("all"))
            return fail(Kind::usage, "Either an id or filters, not both");
        auto id = parse_message_id(*text);
        if (!id) return std::unexpected(id.error());
        auto outcome = change_one(context, *id, act);
        if (!outcome) return std::unexpected(outcome.error());
        if (*outcome == Outcome::gone) return no_message(*text);
        if (*outcome == Outcome::busy)
            return fail(Kind::in_use,
                        fmt::format("Message {} is being delivered just now; try again", *text));
        return Json{{"changed", *outcome == Outcome::done ? 1 : 0}};
    }
    if (filter->empty() && !arguments.flag("all"))
        return fail(Kind::usage, "Say which messages: an id, filters, or --all");
    auto ids = find_messages(context, *filter, QueueId{}, SIZE_MAX);
    if (!ids) return std::unexpected(ids.error());
    std::uint64_t changed = 0, busy = 0;
    for (std::size_t i = 0; i < ids->size(); ++i) {
        if (i % 1000 == 0) progress("Messages", static_cast<int>(i * 100 / ids->size()));
        auto outcome = change_one(context, (*ids)[i], act);
        if (!outcome) return std::unexpected(outcome.error());
        changed += *outcome == Outcome::done;
        busy += *outcome == Outcome::busy;
    }
    Json out{{"changed", changed}};
    if (busy != 0) out["being_delivered"] = busy;
    return out;
}

bool waits(const Recipient& recipient) {
    return recipient.state == State::pending || recipient.state == State::held;
}

/// To be tried now, by the way that it has to go now.
void restart(Recipient& recipient, Time now) {
    recipient.state = State::pending;
    recipient.destination.clear();
    recipient.epoch = 0;
    recipient.next_attempt = queue::full_seconds(now);
}

Result wake_after(Context& context, Result result) {
    if (result && context.wake_queue) context.wake_queue();
    return result;
}

}  // namespace

Result retry_messages(Context& context, const Arguments& arguments, const Progress& progress) {
    return wake_after(context, change(context, arguments, progress, [&](Entry& entry) {
                          bool any = false;
                          for (Recipient& recipient : entry.envelope.recipients) {
                              if (!waits(recipient)) continue;
                              restart(recipient, context.clock.now());
                              any = true;
                          }
                          return any;
                      }));
}

Result hold_messages(Context& context, const Arguments& arguments, const Progress& progress) {
    return change(context, arguments, progress, [](Entry& entry) {
        bool any = false;
        for (Recipient& recipient : entry.envelope.recipients) {
            if (recipient.state != State::pending) continue;
            recipient.state = State::held;
            any = true;
        }
        return any;
    });
}

Result release_messages(Context& context, const Arguments& arguments, const Progress& progress) {
    return wake_after(context, change(context, arguments, progress, [&](Entry& entry) {
                          // What its sender wants to go later still does; `queue retry` sends it now.
                          const Time due = std::max(context.clock.now(), entry.envelope.release);
                          bool any = false;
                          for (Recipient& recipient : entry.envelope.recipients) {
                              if (recipient.state != State::held) continue;
                              restart(recipient, due);
                              any = true;
                          }
                          return any;
                      }));
}

Result delete_messages(Context& context, const Arguments& arguments, const Progress& progress) {
    return change(context, arguments, progress, [](Entry& entry) {
        for (Recipient& recipient : entry.envelope.recipients) {
            recipient.owed = Recipient::nothing;
            if (!waits(recipient)) continue;
            recipient.state = State::failed;
            recipient.status = "5.0.0";
            recipient.diagnostic = "Deleted by an administrator";
        }
        return true;
    });
}

Result bounce_messages(Context& context, const Arguments& arguments, const Progress& progress) {
    std::string why = arguments.text("reason", "Returned by the administrator");
    return wake_after(
        context, change(context, arguments, progress, [&](Entry& entry) {
            bool any = false;
            for (Recipient& recipient : entry.envelope.recipients) {
                if (!waits(recipient)) continue;
                any = true;
                recipient.state = State::failed;
                recipient.status = "5.0.0";
                recipient.remote_host.clear();
                recipient.diagnostic = why;
                if (recipient.wants(queue::Notify::failure) && !entry.envelope.reverse_path.null())
                    recipient.owed |= Recipient::failure;
            }
            return any;
        }));
}

Result deliver_quarantined(Context& context, const Arguments& arguments, const Progress& progress) {
    auto act = [&](Entry& entry) {
        bool any = false;
        for (Recipient& recipient : entry.envelope.recipients) {
            if (!queue::quarantined(recipient)) continue;
            recipient.unfiltered = true;
            recipient.status.clear();
            recipient.diagnostic = "Let out of quarantine by an administrator";
            restart(recipient, context.clock.now());
            any = true;
        }
        return any;
    };
    return wake_after(context, change(context, arguments, progress, act, true));
}

Result delete_quarantined(Context& context, const Arguments& arguments, const Progress& progress) {
    auto act = [](Entry& entry) {
        bool any = false;
        for (Recipient& recipient : entry.envelope.recipients) {
            if (!queue::quarantined(recipient)) continue;
            recipient.owed = Recipient::nothing;
            recipient.state = State::failed;
            recipient.status = "5.7.1";
            recipient.diagnostic = "Deleted by an administrator";
            any = true;
        }
        return any;
    };
    return change(context, arguments, progress, act, true);
}

Result force_queue(Context& context, const Arguments& arguments, const Progress& progress) {
    queue::Destinations destinations{context.queue.kv()};
    const std::string part = arguments.text("destination");
    const Time now = context.clock.now();
    std::uint64_t forced = 0, woken = 0;
    std::string after;
    // In pages: the names of a million destinations are not kept.
    for (bool more = true; more;) {
        std::vector<std::string> names;
        more = false;
        auto seen = need(destinations.each(after, [&](const queue::Destinations::Count& one) {
            if (names.size() == max_listed) {
                more = true;
                return false;
            }
            after = one.destination;
            if (one.destination.find(part) != std::string::npos) names.push_back(one.destination);
            return true;
        }));
        if (!seen) return std::unexpected(seen.error());
        for (const std::string& name : names) {
            auto released = need(context.release_destination ? context.release_destination(name)
                                                             : destinations.release(name, now));
            if (!released) return std::unexpected(released.error());
            ++forced;
        }
        progress("Destinations", more ? 50 : 100);
    }
    if (part.empty()) {
        // What is to wait by its sender's will goes on waiting.
        auto act = [&](Entry& entry) {
            bool any = false;
            for (Recipient& recipient : entry.envelope.recipients) {
                if (recipient.state != State::pending || !recipient.destination.empty()
                    || recipient.next_attempt <= now || recipient.attempts == 0)
                    continue;
                recipient.next_attempt = queue::full_seconds(now);
                any = true;
            }
            return any;
        };
        auto asleep = need(context.queue.asleep(now, SIZE_MAX));
        if (!asleep) return std::unexpected(asleep.error());
        for (QueueId id : *asleep) {
            auto outcome = change_one(context, id, act);
            if (!outcome) return std::unexpected(outcome.error());
            woken += *outcome == Outcome::done;
        }
    }
    return wake_after(context, Json{{"destinations", forced}, {"messages", woken}});
}

}  // namespace postrider::admin
