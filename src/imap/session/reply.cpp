#include "imap/session/reply.h"

#include "imap/session/message_limit.h"
#include "imap/wire/encode.h"

namespace postrider::imap {

using mailstore::MailError;

Reply ok(std::string_view text) {
    return {Reply::Status::ok, std::string{text}};
}
Reply no(std::string_view text) {
    return {Reply::Status::no, std::string{text}};
}
Reply bad(std::string_view text) {
    return {Reply::Status::bad, std::string{text}};
}

Reply bad(const SyntaxError& error) {
    Reply reply{Reply::Status::bad, "Expected "};
    reply.text += error.expected;
    reply.text += " at octet ";
    put_number(reply.text, error.at + 1);
    reply.text += " of the arguments";
    return reply;
}

Reply to_reply(const mailstore::Failure& failure) {
    switch (failure.kind) {  // no default: the compiler points at an error nobody mapped
        case MailError::no_such_account:
        case MailError::no_such_folder: return no("[NONEXISTENT] There is no such mailbox");
        case MailError::exists: return no("[ALREADYEXISTS] There is a mailbox of that name already");
        case MailError::has_children: return no("[HASCHILDREN] The mailbox has others below it");
        case MailError::bad_name: return no("[CANNOT] No mailbox can have that name");
        case MailError::inbox: return no("[CANNOT] That is not possible with INBOX");
        case MailError::over_quota: return no("[OVERQUOTA] The quota would be exceeded");
        case MailError::too_many_keywords: return no("[LIMIT] The mailbox has as many keywords as it can");
        case MailError::too_much:
            return no("[MESSAGELIMIT " + std::to_string(save_limit)
                      + "] These are too many messages for one command");
        case MailError::full: return no("[UNAVAILABLE] The storage takes no more messages now");
        case MailError::storage: return no("[UNAVAILABLE] The storage cannot be used now");
        case MailError::corrupt:
            return no("[CORRUPTION] A record is damaged; the administrator can repair it");
        case MailError::no_permission: return no("[NOPERM] You may not do that there");
        case MailError::gone: return no("[EXPUNGEISSUED] Some of the messages no longer exist");
    }
    return no("[SERVERBUG] Unknown failure");
}

Reply to_reply_of_target(const mailstore::Failure& failure) {
    if (failure.kind == MailError::no_such_folder) return no("[TRYCREATE] There is no such mailbox");
    return to_reply(failure);
}

void put_reply(std::string& out, std::string_view tag, const Reply& reply) {
    if (reply.status == Reply::Status::said) return;
    out += tag;
    switch (reply.status) {
        case Reply::Status::ok: out += " OK "; break;
        case Reply::Status::no: out += " NO "; break;
        case Reply::Status::bad: out += " BAD "; break;
        case Reply::Status::said: break;
    }
    out += reply.text;
    out += "\r\n";
}

Reply takes_no_messages() {
    return no("[CANNOT] A saved search takes no messages: they lie in other mailboxes");
}

}  // namespace postrider::imap
