#pragma once

#include "imap/session/client.h"
#include "imap/session/search_program.h"
#include "imap/wire/sort.h"

/// Searches whose results are kept up to date: RETURN (UPDATE) (RFC 5267 §4.3).
namespace postrider::imap {

struct Context {
    std::string tag;
    bool uid = false;
    SearchProgram program;
    std::vector<SortKey> keys;  ///< empty: in mailbox order
    UidSet found;
    std::vector<Uid> order;          ///< of a sort
    std::optional<FetchArgs> fetch;  ///< what to say of new messages that are found (RFC 5465 §7)
};

inline constexpr std::size_t max_contexts = 8;  ///< of one session

/// Messages that go: to be said before their EXPUNGEs, while numbers still hold.
void leave_contexts(Client& client, const UidSet& gone);
/// Messages that came or whose flags changed: to be said behind their EXISTS and FETCH.
/// @param fresh  those that came, and not from this client
void update_contexts(Client& client, mailstore::FolderView& view, const UidSet& touched, const UidSet& fresh);

}  // namespace postrider::imap
