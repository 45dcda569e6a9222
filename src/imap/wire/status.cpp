#include "imap/wire/status.h"

#include "imap/wire/tokens.h"

namespace postrider::imap {
namespace {

struct Row {
    std::string_view word;
    StatusItem item;
};
constexpr Row rows[] = {
    {"MESSAGES", status_messages},
    {"RECENT", status_recent},
    {"UIDNEXT", status_uid_next},
    {"UIDVALIDITY", status_uid_validity},
    {"UNSEEN", status_unseen},
    {"MAILBOXID", status_mailbox_id},
    {"APPENDLIMIT", status_append_limit},
    {"DELETED-STORAGE", status_deleted_storage},
    {"DELETED", status_deleted},
    {"SIZE", status_size},
    {"HIGHESTMODSEQ", status_highest_modseq},
};

}  // namespace

std::uint16_t status_items(Cursor& in) {
    std::uint16_t items = 0;
    list_of(in, false, [&](Cursor& at) {
        for (const Row& row : rows) {
            if (!at.take_word(row.word)) continue;
            items |= row.item;
            return;
        }
        at.fail("a status item");
    });
    return items;
}

Parsed<StatusArgs> parse_status(std::string_view args) {
    Cursor in{args};
    StatusArgs status;
    status.mailbox = mailbox(in);
    in.need(" ");
    status.items = status_items(in);
    return in.finish(std::move(status));
}

}  // namespace postrider::imap
