// What waits for delivery, and for what.

#include <fmt/core.h>

#include <algorithm>

#include "admin/lookup.h"
#include "admin/queue_operations.h"

namespace postrider::admin {
namespace {

using queue::Entry;
using queue::Recipient;
using Kind = Error::Kind;

std::string_view word(Recipient::State state) {
    switch (state) {
        case Recipient::State::pending: return "pending";
        case Recipient::State::delivered: return "delivered";
        case Recipient::State::expanded: return "expanded";
        case Recipient::State::failed: return "failed";
        case Recipient::State::held: return "held";
        case Recipient::State::sent: return "sent";
    }
    return "";
}

bool waits(const Recipient& recipient) {
    return recipient.state == Recipient::State::pending || recipient.state == Recipient::State::held;
}

std::string sender(const Entry& entry) {
    return entry.envelope.reverse_path.null() ? "<>" : entry.envelope.reverse_path.text();
}

/// Why the message is still here: the state of the first recipient that waits.
std::string status(const Entry& entry) {
    auto first = std::ranges::find_if(entry.envelope.recipients, waits);
    if (first == entry.envelope.recipients.end()) return "finished";
    if (first->diagnostic.empty()) return std::string{word(first->state)};
    return fmt::format("{} ({} {})", word(first->state), first->status, first->diagnostic);
}

std::string state_of(const Context& context, const Entry& entry) {
    const std::string bytes = queue::encode(entry);
    queue::EntryView view;
    if (!view.read(entry.id, bytes)) return "IO Error";
    const bool sending = context.is_sending && context.is_sending(entry.id);
    if (!sending && context.queue.busy(entry.id)) return "Processing";
    return std::string{queue::state_word(view, sending)};
}

Json optional_time(std::optional<Time> time) {
    return time && *time != Time{} ? Json(time_text(*time)) : Json(nullptr);
}

Json row(const Context& context, const Entry& entry) {
    std::string to, destination;
    std::size_t waiting = 0;
    for (const Recipient& recipient : entry.envelope.recipients) {
        if (!waits(recipient)) continue;
        if (waiting++ == 0) {
            to = recipient.address.text();
            destination = recipient.destination;
        }
    }
    Json out;
    out["id"] = queue::to_string(entry.id);
    out["state"] = state_of(context, entry);
    out["arrival"] = time_text(entry.envelope.arrival);
    out["size"] = entry.size;
    out["sender"] = sender(entry);
    out["recipient"] = std::move(to);
    out["waiting"] = waiting;
    out["destination"] = std::move(destination);
    out["attempts"] = entry.attempts();
    out["next_attempt"] = optional_time(entry.next_attempt());
    out["status"] = status(entry);
    return out;
}

Json recipient_row(const Recipient& r) {
    Json out{{"address", r.address.text()}, {"state", word(r.state)},       {"status", r.status},
             {"diagnostic", r.diagnostic},  {"destination", r.destination}, {"attempts", r.attempts}};
    out["next_attempt"] =
        r.state == Recipient::State::pending ? optional_time(r.next_attempt) : Json(nullptr);
    out["last_attempt"] = optional_time(r.last_attempt);
    out["remote_host"] = r.remote_host;
    return out;
}

}  // namespace

std::expected<QueueId, Error> parse_message_id(const std::string& text) {
    auto id = queue::parse_queue_id(text);
    if (!id)
        return fail(Kind::bad_value, fmt::format("'{}' is not a queue id; `queue list` shows them", text));
    return *id;
}

std::unexpected<Error> no_message(const std::string& id) {
    return fail(Kind::not_found, fmt::format("There is no message {} in the queue", id));
}

namespace {

Result list_some(Context& context, const Arguments& arguments, bool quarantined) {
    auto filter = QueueFilter::from(context, arguments);
    if (!filter) return std::unexpected(filter.error());
    filter->quarantined = quarantined;
    const std::size_t limit = std::clamp<std::uint64_t>(arguments.number("limit", 1000), 1, max_listed);
    QueueId after;
    if (auto text = arguments.maybe_text("after")) {
        auto id = parse_message_id(*text);
        if (!id) return std::unexpected(id.error());
        after = *id;
    }
    const bool counting = arguments.flag("count");
    auto ids = find_messages(context, *filter, after, counting ? SIZE_MAX : limit + 1);
    if (!ids) return std::unexpected(ids.error());
    if (counting) return Json{{"count", ids->size()}};
    const bool more = ids->size() > limit;
    if (more) ids->pop_back();
    Json rows = Json::array();
    for (QueueId id : *ids) {
        auto entry = need(context.queue.find(id));
        if (entry && *entry) rows.push_back(row(context, **entry));
    }
    Json out{{"messages", std::move(rows)}};
    if (more) out["next"] = queue::to_string(ids->back());
    return out;
}

}  // namespace

Result list_queue(Context& context, const Arguments& arguments, const Progress&) {
    return list_some(context, arguments, false);
}

Result list_quarantine(Context& context, const Arguments& arguments, const Progress&) {
    return list_some(context, arguments, true);
}

Result show_message(Context& context, const Arguments& arguments, const Progress&) {
    auto id = parse_message_id(arguments.text("id"));
    if (!id) return std::unexpected(id.error());
    auto entry = need(context.queue.find(*id));
    if (!entry) return std::unexpected(entry.error());
    if (!*entry) return no_message(arguments.text("id"));
    const Entry& found = **entry;
    const queue::Envelope& envelope = found.envelope;
    Json out = row(context, found);
    for (const char* name : {"recipient", "waiting", "destination"}) out.erase(name);
    out["client"] = envelope.client;
    out["helo"] = envelope.helo;
    out["authenticated"] = envelope.authenticated;
    out["envelope_id"] = envelope.envid;
    out["priority"] = envelope.priority;
    out["not_before"] = optional_time(envelope.release);
    out["deliver_by"] = envelope.deliver_by ? optional_time(envelope.deliver_by->time) : Json(nullptr);
    Json recipients = Json::array();
    for (const Recipient& recipient : envelope.recipients) recipients.push_back(recipient_row(recipient));
    out["recipients"] = std::move(recipients);
    if (arguments.flag("header")) {
        auto head = need(context.store.read_head(found.blob, 64 << 10));
        if (!head) return std::unexpected(head.error());
        out["header"] = head->substr(0, std::min<std::size_t>(head->find("\r\n\r\n"), 64 << 10));
    }
    return out;
}

Result list_destinations(Context& context, const Arguments& arguments, const Progress&) {
    const queue::Destinations destinations{context.queue.kv()};
    const std::string part = arguments.text("destination");
    const bool down_only = arguments.flag("down");
    const std::size_t limit = std::clamp<std::uint64_t>(arguments.number("limit", 1000), 1, max_listed);
    const Time now = context.clock.now();
    Json rows = Json::array();
    std::string next;
    std::optional<Error> failed;
    auto seen = need(destinations.each(arguments.text("after"), [&](const queue::Destinations::Count& one) {
        if (one.destination.find(part) == std::string::npos) return true;
        auto state = need(destinations.state(one.destination));
        if (!state) {
            failed = state.error();
            return false;
        }
        if (down_only && state->failures == 0) return true;
        if (rows.size() == limit) {
            next = rows.back()["destination"];
            return false;
        }
        const bool due = state->failures == 0 && (state->epoch > 0 || (one.next && *one.next <= now));
        Json row{{"destination", one.destination},
                 {"state", state->failures != 0 ? "down"
                           : due                ? "ready"
                                                : "waiting"},
                 {"messages", one.waiting},
                 {"failures", state->failures}};
        row["next_attempt"] =
            optional_time(state->failures != 0 ? std::optional{state->down_until} : one.next);
        row["last_failure"] = optional_time(state->last_failure);
        row["why"] = state->why.empty() ? "" : state->status + " " + state->why;
        rows.push_back(std::move(row));
        return true;
    }));
    if (!seen) return std::unexpected(seen.error());
    if (failed) return std::unexpected(*failed);
    Json out{{"destinations", std::move(rows)}};
    if (!next.empty()) out["next"] = std::move(next);
    return out;
}

}  // namespace postrider::admin
