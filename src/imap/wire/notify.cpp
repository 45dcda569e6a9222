#include "imap/wire/notify.h"

#include <utility>

#include "imap/wire/tokens.h"

namespace postrider::imap {
namespace {

using Kind = MailboxFilter::Kind;

struct EventRow {
    std::string_view word;
    std::uint8_t event;
};
constexpr EventRow events[] = {
    {"MessageNew", NotifyArgs::message_new},
    {"MessageExpunge", NotifyArgs::message_expunge},
    {"FlagChange", NotifyArgs::flag_change},
    {"MailboxName", NotifyArgs::mailbox_name},
    {"SubscriptionChange", NotifyArgs::subscription_change},
    {"MailboxMetadataChange", NotifyArgs::mailbox_metadata},
    {"ServerMetadataChange", NotifyArgs::server_metadata},
};

/// filter-mailboxes = "selected" / "selected-delayed" / "inboxes" / ...
MailboxFilter filter_of(Cursor& in) {
    if (!in.take_word("SELECTED-DELAYED")) return mailbox_filter(in);
    MailboxFilter filter;
    filter.kind = Kind::selected_delayed;
    return filter;
}

class Groups {
public:
    Groups(Cursor& in, NotifyArgs& notify) : in_{in}, notify_{notify} {}

    /// event-group = "(" filter-mailboxes SP events ")"
    void group() {
        if (notify_.groups.size() == max_groups) in_.fail("fewer event groups");
        NotifyArgs::Group group;
        in_.need("(");
        group.filter = filter_of(in_);
        selected_ = group.filter.kind == Kind::selected || group.filter.kind == Kind::selected_delayed;
        if (group.filter.kind == Kind::subtree_one) in_.fail("a kind of mailboxes that NOTIFY knows");
        if (selected_ && std::exchange(had_selected_, true)) in_.fail("SELECTED once");
        in_.need(" ");
        events_of(group);
        in_.need(")");
        check(group.events);
        notify_.groups.push_back(std::move(group));
    }

private:
    /// events = "(" event *(SP event) ")" / "NONE"; the RFC's examples leave the parentheses out.
    void events_of(NotifyArgs::Group& group) {
        if (in_.take_word("NONE")) return;
        bool listed = in_.take("(");
        do event(group);
        while (in_.ok() && in_.take(" "));
        if (listed) in_.need(")");
    }

    void event(NotifyArgs::Group& group) {
        for (const EventRow& row : events) {
            if (!in_.take_word(row.word)) continue;
            if (selected_ && !(row.event & NotifyArgs::of_messages)) in_.fail("an event of messages");
            group.events |= row.event;
            if (row.event == NotifyArgs::message_new && in_.take(" (")) fetch(group);
            return;
        }
        // AnnotationChange, and events to come: refused, but not as syntax (§3.1).
        if (!atom(in_).empty()) notify_.unknown_event = true;
    }

    void fetch(NotifyArgs::Group& group) {
        if (!selected_) in_.fail("no items to fetch but of the selected mailbox");
        fetch_atts_to_end(in_, group.fetch.emplace());
    }

    /// §5: new messages and expunges come together, flags with them.
    void check(std::uint8_t wanted) {
        if (notify_.unknown_event) return;
        const std::uint8_t of_messages = wanted & NotifyArgs::of_messages;
        constexpr std::uint8_t both = NotifyArgs::message_new | NotifyArgs::message_expunge;
        if (of_messages != 0 && (of_messages & both) != both) in_.fail("MessageNew with MessageExpunge");
    }

    Cursor& in_;
    NotifyArgs& notify_;
    bool selected_ = false;
    bool had_selected_ = false;
};

}  // namespace

Parsed<NotifyArgs> parse_notify(std::string_view args) {
    Cursor in{args};
    NotifyArgs notify;
    if (in.take_word("NONE")) return in.finish(std::move(notify));
    in.need("SET ");
    if (in.take_word("STATUS")) {
        notify.status = true;
        in.need(" ");
    }
    Groups groups{in, notify};
    do groups.group();
    while (in.ok() && in.take(" "));
    return in.finish(std::move(notify));
}

}  // namespace postrider::imap
