// What waits for delivery.

#include <fmt/core.h>

#include <algorithm>

#include "admin/chapters.h"
#include "admin/lookup.h"

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

Json row(const Entry& entry) {
    std::string to;
    std::size_t waiting = 0;
    for (const Recipient& recipient : entry.envelope.recipients) {
        if (!waits(recipient)) continue;
        if (waiting++ == 0) to = recipient.address.text();
    }
    Json out;
    out["id"] = queue::to_string(entry.id);
    out["arrival"] = time_text(entry.envelope.arrival);
    out["size"] = entry.size;
    out["sender"] = sender(entry);
    out["recipient"] = std::move(to);
    out["waiting"] = waiting;
    out["attempts"] = entry.attempts();
    out["next_attempt"] = entry.next_attempt() ? Json(time_text(*entry.next_attempt())) : Json(nullptr);
    out["status"] = status(entry);
    return out;
}

/// Part of the address, compared without regard to the case of A-Z.
bool contains(std::string_view address, std::string_view part) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::search(address, part, {}, lower, lower).begin() != address.end() || part.empty();
}

Result list(Context& context, const Arguments& arguments, const Progress&) {
    std::string from = arguments.text("sender"), to = arguments.text("recipient");
    std::size_t limit = std::clamp<std::uint64_t>(arguments.number("limit", 1000), 1, max_listed);
    QueueId after;
    if (auto text = arguments.maybe_text("after")) {
        auto id = queue::parse_queue_id(*text);
        if (!id) return fail(Kind::bad_value, fmt::format("'{}' is not a queue id", *text));
        after = *id;
    }
    Json rows = Json::array();
    std::string next;
    auto visited = need(context.queue.each([&](const Entry& entry) {
        if (entry.id <= after || !contains(sender(entry), from)) return true;
        bool named = std::ranges::any_of(entry.envelope.recipients,
                                         [&](const Recipient& r) { return contains(r.address.text(), to); });
        if (!named) return true;
        if (rows.size() == limit) {
            next = rows.back()["id"];
            return false;
        }
        rows.push_back(row(entry));
        return true;
    }));
    if (!visited) return std::unexpected(visited.error());
    Json out{{"messages", std::move(rows)}};
    if (!next.empty()) out["next"] = std::move(next);
    return out;
}

std::expected<QueueId, Error> parse_id(const std::string& text) {
    auto id = queue::parse_queue_id(text);
    if (!id)
        return fail(Kind::bad_value, fmt::format("'{}' is not a queue id; `queue list` shows them", text));
    return *id;
}

std::unexpected<Error> no_entry(const std::string& id) {
    return fail(Kind::not_found, fmt::format("There is no message {} in the queue", id));
}

Result show(Context& context, const Arguments& arguments, const Progress&) {
    auto id = parse_id(arguments.text("id"));
    if (!id) return std::unexpected(id.error());
    auto entry = need(context.queue.find(*id));
    if (!entry) return std::unexpected(entry.error());
    if (!*entry) return no_entry(arguments.text("id"));
    const Entry& found = **entry;
    Json out = row(found);
    out.erase("recipient");
    out.erase("waiting");
    out["client"] = found.envelope.client;
    out["helo"] = found.envelope.helo;
    out["authenticated"] = found.envelope.authenticated;
    out["envelope_id"] = found.envelope.envid;
    Json recipients = Json::array();
    for (const Recipient& recipient : found.envelope.recipients)
        recipients.push_back(Json{{"address", recipient.address.text()},
                                  {"state", word(recipient.state)},
                                  {"status", recipient.status},
                                  {"diagnostic", recipient.diagnostic}});
    out["recipients"] = std::move(recipients);
    if (arguments.flag("header")) {
        auto head = need(context.store.read_head(found.blob, 64 << 10));
        if (!head) return std::unexpected(head.error());
        out["header"] = head->substr(0, std::min<std::size_t>(head->find("\r\n\r\n"), 64 << 10));
    }
    return out;
}

/// Takes the entry out of the queue's hands, changes it and gives it back.
template <class Change>
Result change(Context& context, const Arguments& arguments, Change&& act) {
    auto id = parse_id(arguments.text("id"));
    if (!id) return std::unexpected(id.error());
    auto taken = need(context.queue.take(*id));
    if (!taken) return std::unexpected(taken.error());
    if (taken->busy)
        return fail(Kind::in_use,
                    fmt::format("Message {} is being delivered just now; try again", arguments.text("id")));
    if (!taken->entry) return no_entry(arguments.text("id"));
    Entry after = *taken->entry;
    act(after);
    if (auto ok = need(context.queue.put_back(*taken->entry, after)); !ok) return std::unexpected(ok.error());
    return done();
}

Result retry(Context& context, const Arguments& arguments, const Progress&) {
    auto changed = change(context, arguments, [&](Entry& entry) {
        for (Recipient& recipient : entry.envelope.recipients)
            if (recipient.state == Recipient::State::held) recipient.state = Recipient::State::pending;
        entry.plan(context.clock.now());
    });
    if (changed && context.wake_queue) context.wake_queue();
    return changed;
}

Result remove(Context& context, const Arguments& arguments, const Progress&) {
    return change(context, arguments, [&](Entry& entry) {
        for (Recipient& recipient : entry.envelope.recipients)
            if (waits(recipient)) {
                recipient.state = Recipient::State::failed;
                recipient.status = "5.0.0";
                recipient.diagnostic = "Deleted by an administrator";
            }
        entry.plan(context.clock.now());
    });
}

constexpr Argument list_arguments[] = {{"sender", Type::text, "Only from addresses that contain this"},
                                       {"recipient", Type::text, "Only to addresses that contain this"},
                                       {"after", Type::text, "The 'next' of the page before"},
                                       {"limit", Type::number, "At most so many, 1 to 10000 [1000]"}};
constexpr Argument the_id{"id", Type::text, "Id of the message in the queue", true};
constexpr Argument only_id[] = {the_id};
constexpr Argument show_arguments[] = {the_id, {"header", Type::flag, "Also the message's header"}};

constexpr Operation operations[] = {
    {"queue list", "List what waits for delivery, and why", list_arguments, list},
    {"queue show", "Show one message and the state of each recipient", show_arguments, show},
    {"queue retry", "Try to deliver a message now, also what was held", only_id, retry, true},
    {"queue delete", "Delete a message; nobody is told", only_id, remove, true},
};

}  // namespace

Chapter queue_chapter() {
    return {"queue", "Messages that wait for delivery", operations};
}

}  // namespace postrider::admin
