#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "imap/session/client.h"

namespace postrider::imap {

/// When a command is allowed (RFC 9051 §3).
enum States : std::uint8_t {
    not_authenticated = 1,
    authenticated = 2,  ///< and no mailbox selected
    in_mailbox = 4,     ///< a mailbox is selected
    logged_in = authenticated | in_mailbox,
    any_state = not_authenticated | logged_in,
};

/// Where a command runs.
enum class Runs : std::uint8_t {
    here,        ///< on the connection's thread: never blocks
    on_worker,   ///< may block on disk
    in_series,   ///< so, and is sent in numbers: one visit to a worker for those that are there
    connection,  ///< talks with the client while it runs: connection.cpp has it
};

using Handler = Reply (*)(Client&, const Command&);

struct CommandRow {
    std::string_view verb;
    std::uint8_t states;
    Runs runs;
    Updates updates;  ///< what may be announced behind it
    Handler handler;  ///< nullptr for Runs::connection and FETCH
    /// Where that needs neither disk nor a long wait, on the connection's thread instead. Nothing has been
    /// done when it gives nothing.
    std::optional<Reply> (*at_once)(Client&, const Command&) = nullptr;
};

const CommandRow* find_command(std::string_view verb);

// What each command does. Untagged replies go to Client::out; the reply is the tagged one.
Reply cmd_capability(Client& client, const Command& command);
Reply cmd_noop(Client& client, const Command& command);
Reply cmd_id(Client& client, const Command& command);
Reply cmd_enable(Client& client, const Command& command);
Reply cmd_namespace(Client& client, const Command& command);
Reply cmd_select(Client& client, const Command& command);
Reply cmd_close(Client& client, const Command& command);
Reply cmd_unselect(Client& client, const Command& command);
Reply cmd_create(Client& client, const Command& command);
Reply cmd_delete(Client& client, const Command& command);
Reply cmd_rename(Client& client, const Command& command);
Reply cmd_subscribe(Client& client, const Command& command);
Reply cmd_list(Client& client, const Command& command);
Reply cmd_lsub(Client& client, const Command& command);
Reply cmd_status(Client& client, const Command& command);
std::optional<Reply> status_at_once(Client& client, const Command& command);
Reply cmd_getquota(Client& client, const Command& command);
Reply cmd_setquota(Client& client, const Command& command);
Reply cmd_getquotaroot(Client& client, const Command& command);
Reply cmd_getmetadata(Client& client, const Command& command);
Reply cmd_setmetadata(Client& client, const Command& command);
Reply cmd_append(Client& client, const Command& command);
Reply cmd_replace(Client& client, const Command& command);
Reply cmd_genurlauth(Client& client, const Command& command);
Reply cmd_urlfetch(Client& client, const Command& command);
Reply cmd_resetkey(Client& client, const Command& command);
Reply cmd_cancelupdate(Client& client, const Command& command);
Reply cmd_esearch(Client& client, const Command& command);
Reply cmd_comparator(Client& client, const Command& command);
Reply cmd_language(Client& client, const Command& command);
Reply cmd_notify(Client& client, const Command& command);
Reply cmd_store(Client& client, const Command& command);
Reply cmd_copy(Client& client, const Command& command);
Reply cmd_move(Client& client, const Command& command);
Reply cmd_expunge(Client& client, const Command& command);
Reply cmd_search(Client& client, const Command& command);
Reply cmd_sort(Client& client, const Command& command);
Reply cmd_thread(Client& client, const Command& command);
Reply cmd_uid_batches(Client& client, const Command& command);
Reply cmd_getacl(Client& client, const Command& command);
Reply cmd_setacl(Client& client, const Command& command);
Reply cmd_deleteacl(Client& client, const Command& command);
Reply cmd_listrights(Client& client, const Command& command);
Reply cmd_myrights(Client& client, const Command& command);
Reply cmd_xlist(Client& client, const Command& command);

}  // namespace postrider::imap
