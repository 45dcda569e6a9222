#pragma once

#include <memory>
#include <vector>

#include "imap/session/uid_map.h"
#include "mailstore/mailstore.h"
#include "rights/right.h"

namespace postrider::imap {

struct Context;

/// What this session has told its client of the selected mailbox. A few octets for each run of UIDs.
struct Selected {
    std::shared_ptr<mailstore::Account> account;  ///< whose it is
    FolderId folder;
    bool read_only = false;  ///< EXAMINE: nothing may be changed
    bool search = false;     ///< a saved search: to be brought up to date before it is looked at
    rights::RightSet rights = rights::every_right;  ///< of which the client has heard in PERMANENTFLAGS
    std::uint32_t uid_validity = 0;
    UidMap map;               ///< every message announced and not yet reported expunged
    UidSet gone;              ///< of those: expunged in the store, to be reported when it is allowed
    ModSeq gone_since;        ///< when the first of them went
    UidSet recent;            ///< \Recent to this session alone (RFC 3501 §2.3.2)
    UidSet saved;             ///< "$" (RFC 5182)
    ModSeq known;             ///< all changes up to here are in `map` and `gone`
    std::vector<ModSeq> own;  ///< flag changes of our own whose result the client knows
    std::vector<std::shared_ptr<Context>> contexts;  ///< searches that are kept up to date (RFC 5267)
    UidSet to_fetch;             ///< new messages that NOTIFY still has to show (RFC 5465 §5.2)
    bool expunged_here = false;  ///< by the command that runs: it must say so whatever NOTIFY wants
    std::size_t keywords = 0;    ///< how many of the folder's keywords were announced
    struct {
        std::uint32_t asked = 0;     ///< UIDBATCHES commands since the mailbox last changed much
        std::uint64_t messages = 0;  ///< that it had then
        Uid last;                    ///< and the last of them
    } batches;
};

}  // namespace postrider::imap
