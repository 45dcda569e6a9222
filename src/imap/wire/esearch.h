#pragma once

#include <string>
#include <vector>

#include "imap/wire/search.h"

namespace postrider::imap {

/// filter-mailboxes: which mailboxes are meant. RFC 5465 §6, RFC 7377 §2.2.
struct MailboxFilter {
    enum class Kind : std::uint8_t {
        selected,
        selected_delayed,  ///< NOTIFY's alone
        inboxes,
        personal,
        subscribed,
        subtree,
        subtree_one,
        mailboxes
    };
    Kind kind = Kind::selected;
    std::vector<std::string> names;  ///< of the last three; as sent
};
MailboxFilter mailbox_filter(Cursor& in);

/// What follows "ESEARCH ": ["IN" SP "(" source-mbox ")" SP] ["RETURN" ...] [charset] search-keys. RFC 7377
/// §4.
struct EsearchArgs {
    std::vector<MailboxFilter> sources;  ///< at least one
    SearchArgs search;
};
inline constexpr std::size_t max_sources = 100;
Parsed<EsearchArgs> parse_esearch(std::string_view args);

/// 1*(SP quoted): CANCELUPDATE                                            RFC 5267 §5
Parsed<std::vector<std::string>> parse_tags(std::string_view args);

}  // namespace postrider::imap
