#pragma once

#include "imap/session/client.h"
#include "imap/wire/simple.h"

/// What a client missed while it was away, from the change log (RFC 7162 §3.2).
namespace postrider::imap {

/// What happened to one mailbox since a modification sequence.
struct Missed {
    bool complete = false;  ///< false: the log does not reach back so far, and the sets say nothing
    UidSet touched;         ///< came or had their flags changed; some may be gone since
    UidSet expunged;
};
mailstore::Result<Missed> missed_since(mailstore::Account& account, FolderId folder, ModSeq since);

/// "* VANISHED (EARLIER) 41,43:116" CRLF for those of `asked` that were expunged since then. When the log
/// does not reach back so far, for all of `asked` that are not there (RFC 7162 §3.2.6).
void put_vanished_earlier(Client& client, const Missed& missed, const UidSet& asked);

/// What SELECT with QRESYNC says behind its own replies (RFC 7162 §3.2.5).
mailstore::Result<> resync(Client& client, mailstore::FolderView& view, const QresyncArgs& args);

}  // namespace postrider::imap
