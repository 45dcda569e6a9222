#include "imap/session/commands.h"
#include "imap/session/notify.h"

namespace postrider::imap {

/// RFC 5465 §3.1.
Reply cmd_notify(Client& client, const Command& command) {
    auto args = parse_notify(command.args);
    if (!args) return bad(args.error());
    if (args->unknown_event)
        return no(
            "[BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange "
            "MailboxMetadataChange ServerMetadataChange)] There is no such event here");
    // What has gathered in the selected mailbox is said at once, whatever the client wants from now on.
    auto before = std::move(client.notify);
    client.notify.reset();
    announce(client, Updates::all);
    client.notify = std::move(before);
    if (args->groups.empty()) {
        end_notify(client, {});
        return ok("NOTIFY completed");
    }
    auto begun = begin_notify(client, std::move(*args));
    if (!begun && begun.error().kind == mailstore::MailError::too_much)
        return no("[NOTIFICATIONOVERFLOW] There are too many mailboxes to be told of");
    if (!begun) return to_reply(begun.error());
    return ok("NOTIFY completed");
}

}  // namespace postrider::imap
