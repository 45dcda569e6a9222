#include "imap/session/commands.h"

#include <algorithm>
#include <iterator>

namespace postrider::imap {
namespace {

// clang-format off
constexpr CommandRow rows[] = {
    // verb          allowed when (RFC 9051 §6)  runs        announces            does
    {"APPEND",       logged_in,          Runs::on_worker,  Updates::all,        cmd_append},        // §6.3.12
    {"AUTHENTICATE", not_authenticated,  Runs::connection, Updates::none,       nullptr},           // §6.2.2
    {"CANCELUPDATE", in_mailbox,         Runs::on_worker,  Updates::all,        cmd_cancelupdate},  // RFC 5267 §4.3.5
    {"CAPABILITY",   any_state,          Runs::here,       Updates::all,        cmd_capability},    // §6.1.1
    {"CHECK",        in_mailbox,         Runs::here,       Updates::all,        cmd_noop},          // RFC 3501 §6.4.1
    {"CLOSE",        in_mailbox,         Runs::in_series,  Updates::none,       cmd_close},         // §6.4.1
    {"COMPARATOR",   logged_in,          Runs::here,       Updates::all,        cmd_comparator},    // RFC 5255 §4.7
    {"COMPRESS",     logged_in,          Runs::connection, Updates::none,       nullptr},           // RFC 4978 §3
    {"COPY",         in_mailbox,         Runs::in_series,  Updates::all,        cmd_copy},          // §6.4.7
    {"CREATE",       logged_in,          Runs::on_worker,  Updates::all,        cmd_create},        // §6.3.4
    {"DELETE",       logged_in,          Runs::on_worker,  Updates::all,        cmd_delete},        // §6.3.5
    {"DELETEACL",    logged_in,          Runs::on_worker,  Updates::all,        cmd_deleteacl},     // RFC 4314 §3.2
    {"ENABLE",       logged_in,          Runs::on_worker,  Updates::all,        cmd_enable},        // §6.3.1
    {"ESEARCH",      logged_in,          Runs::on_worker,  Updates::all,        cmd_esearch},       // RFC 7377 §2
    {"EXAMINE",      logged_in,          Runs::in_series,  Updates::none,       cmd_select},        // §6.3.3
    {"EXPUNGE",      in_mailbox,         Runs::in_series,  Updates::all,        cmd_expunge},       // §6.4.3
    {"FETCH",        in_mailbox,         Runs::in_series,  Updates::no_expunge, nullptr},           // §6.4.5
    {"GENURLAUTH",   logged_in,          Runs::on_worker,  Updates::all,        cmd_genurlauth},    // RFC 4467 §7
    {"GETACL",       logged_in,          Runs::on_worker,  Updates::all,        cmd_getacl},        // RFC 4314 §3.3
    {"GETMETADATA",  logged_in,          Runs::on_worker,  Updates::all,        cmd_getmetadata},   // RFC 5464 §4.2
    {"GETQUOTA",     logged_in,          Runs::on_worker,  Updates::all,        cmd_getquota},      // RFC 9208 §4.1.1
    {"GETQUOTAROOT", logged_in,          Runs::on_worker,  Updates::all,        cmd_getquotaroot},  // RFC 9208 §4.1.2
    {"ID",           any_state,          Runs::here,       Updates::all,        cmd_id},            // RFC 2971
    {"IDLE",         logged_in,          Runs::connection, Updates::all,        nullptr},           // §6.3.13
    {"LANGUAGE",     any_state,          Runs::here,       Updates::all,        cmd_language},      // RFC 5255 §3.2
    {"LIST",         logged_in,          Runs::in_series,  Updates::all,        cmd_list},          // §6.3.9
    {"LISTRIGHTS",   logged_in,          Runs::on_worker,  Updates::all,        cmd_listrights},    // RFC 4314 §3.4
    {"LOGIN",        not_authenticated,  Runs::connection, Updates::none,       nullptr},           // §6.2.3
    {"LOGOUT",       any_state,          Runs::connection, Updates::none,       nullptr},           // §6.1.3
    {"LSUB",         logged_in,          Runs::in_series,  Updates::all,        cmd_lsub},          // RFC 3501 §6.3.9
    {"MOVE",         in_mailbox,         Runs::in_series,  Updates::all,        cmd_move},          // §6.4.8
    {"MYRIGHTS",     logged_in,          Runs::on_worker,  Updates::all,        cmd_myrights},      // RFC 4314 §3.5
    {"NAMESPACE",    logged_in,          Runs::here,       Updates::all,        cmd_namespace},     // §6.3.10
    {"NOOP",         any_state,          Runs::here,       Updates::all,        cmd_noop},          // §6.1.2
    {"NOTIFY",       logged_in,          Runs::on_worker,  Updates::all,        cmd_notify},        // RFC 5465 §3.1
    {"RENAME",       logged_in,          Runs::on_worker,  Updates::all,        cmd_rename},        // §6.3.6
    {"REPLACE",      in_mailbox,         Runs::on_worker,  Updates::all,        cmd_replace},       // RFC 8508 §3.2
    {"RESETKEY",     logged_in,          Runs::on_worker,  Updates::all,        cmd_resetkey},      // RFC 4467 §7
    {"SEARCH",       in_mailbox,         Runs::in_series,  Updates::no_expunge, cmd_search},        // §6.4.4
    {"SELECT",       logged_in,          Runs::in_series,  Updates::none,       cmd_select},        // §6.3.2
    {"SETACL",       logged_in,          Runs::on_worker,  Updates::all,        cmd_setacl},        // RFC 4314 §3.1
    {"SETMETADATA",  logged_in,          Runs::on_worker,  Updates::all,        cmd_setmetadata},   // RFC 5464 §4.3
    {"SETQUOTA",     logged_in,          Runs::on_worker,  Updates::all,        cmd_setquota},      // RFC 9208 §4.1.3
    {"SORT",         in_mailbox,         Runs::in_series,  Updates::no_expunge, cmd_sort},          // RFC 5256 §3
    {"STARTTLS",     not_authenticated,  Runs::connection, Updates::none,       nullptr},           // §6.2.1
    {"STATUS",       logged_in,          Runs::in_series,  Updates::all,        cmd_status, status_at_once},  // §6.3.11
    {"STORE",        in_mailbox,         Runs::in_series,  Updates::no_expunge, cmd_store},         // §6.4.6
    {"SUBSCRIBE",    logged_in,          Runs::on_worker,  Updates::all,        cmd_subscribe},     // §6.3.7
    {"THREAD",       in_mailbox,         Runs::in_series,  Updates::no_expunge, cmd_thread},        // RFC 5256 §3
    {"UID COPY",     in_mailbox,         Runs::in_series,  Updates::all,        cmd_copy},          // §6.4.9
    {"UID EXPUNGE",  in_mailbox,         Runs::in_series,  Updates::all,        cmd_expunge},       // §6.4.9
    {"UID FETCH",    in_mailbox,         Runs::in_series,  Updates::all,        nullptr},           // §6.4.9
    {"UID MOVE",     in_mailbox,         Runs::in_series,  Updates::all,        cmd_move},          // §6.4.9
    {"UID REPLACE",  in_mailbox,         Runs::on_worker,  Updates::all,        cmd_replace},       // RFC 8508 §3.3
    {"UID SEARCH",   in_mailbox,         Runs::in_series,  Updates::all,        cmd_search},        // §6.4.9
    {"UID SORT",     in_mailbox,         Runs::in_series,  Updates::all,        cmd_sort},          // RFC 5256 §3
    {"UID STORE",    in_mailbox,         Runs::in_series,  Updates::all,        cmd_store},         // §6.4.9
    {"UID THREAD",   in_mailbox,         Runs::in_series,  Updates::all,        cmd_thread},        // RFC 5256 §3
    {"UIDBATCHES",   in_mailbox,         Runs::here,       Updates::all,        cmd_uid_batches},   // RFC 10022
    {"UNAUTHENTICATE", logged_in,        Runs::connection, Updates::none,       nullptr},           // RFC 8437
    {"UNSELECT",     in_mailbox,         Runs::here,       Updates::none,       cmd_unselect},      // §6.4.2
    {"UNSUBSCRIBE",  logged_in,          Runs::on_worker,  Updates::all,        cmd_subscribe},     // §6.3.8
    {"URLFETCH",     logged_in,          Runs::on_worker,  Updates::all,        cmd_urlfetch},      // RFC 4467 §7
    {"XLIST",        logged_in,          Runs::in_series,  Updates::all,        cmd_xlist},         // as old Outlooks know it
};
// clang-format on

static_assert(std::is_sorted(std::begin(rows), std::end(rows),
                             [](const CommandRow& a, const CommandRow& b) { return a.verb < b.verb; }));

}  // namespace

const CommandRow* find_command(std::string_view verb) {
    auto row = std::lower_bound(std::begin(rows), std::end(rows), verb,
                                [](const CommandRow& a, std::string_view name) { return a.verb < name; });
    return row != std::end(rows) && row->verb == verb ? row : nullptr;
}

}  // namespace postrider::imap
