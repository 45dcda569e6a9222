#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"

namespace postrider::mailstore {

enum class MailError {
    no_such_account,
    no_such_folder,
    exists,        ///< a folder of that name is there already
    has_children,  ///< RFC 9051 §6.3.5
    bad_name,      ///< empty, too long (a component over 255 octets, a path over 1,000 or 20 levels), control
                   ///< characters
    inbox,         ///< not possible with INBOX
    over_quota,    ///< the account or folder would pass its limit
    too_many_keywords,
    too_much,       ///< more than one change may hold in memory
    full,           ///< the storage takes no more messages now
    storage,        ///< the disk refused
    corrupt,        ///< a record is damaged; logged, and kept to this account
    gone,           ///< the item was expunged
    no_permission,  ///< the folder is somebody else's, who has not granted that (rights room)
};
struct Failure {
    MailError kind;
    std::string what;
};
template <class T = void>
using Result = std::expected<T, Failure>;

/// `search`: a saved search, whose items stand for messages that lie in other folders (search_folder.h).
enum class FolderKind : std::uint8_t { mail, calendar, contacts, tasks, notes, journal, search };
/// Whether mail programs are shown it.
inline bool shows_mail(FolderKind kind) {
    return kind == FolderKind::mail || kind == FolderKind::search;
}

/// RFC 6154 §2.
enum class SpecialUse : std::uint8_t { none, all, archive, drafts, flagged, junk, sent, trash };

/// The system flags of RFC 9051 §2.3.2; \Recent is computed (FolderInfo::recent_from).
enum Flag : std::uint8_t { seen = 1, answered = 2, flagged = 4, deleted = 8, draft = 16 };

inline constexpr std::size_t max_keywords = 128;  ///< per folder

/// Flags of one item: system flags, and keywords as bits of the folder's keyword table.
struct Flags {
    std::uint8_t system = 0;
    std::array<std::uint64_t, max_keywords / 64> keywords{};
    bool keyword(std::size_t index) const { return keywords[index / 64] >> (index % 64) & 1; }
    void set_keyword(std::size_t index) { keywords[index / 64] |= std::uint64_t{1} << (index % 64); }
    friend bool operator==(const Flags&, const Flags&) = default;
};

struct FolderInfo {
    FolderId id;
    FolderId parent;   ///< 0 at the top
    std::string path;  ///< UTF-8, components separated by '/'; "INBOX" in capitals
    FolderKind kind = FolderKind::mail;
    SpecialUse special_use = SpecialUse::none;
    bool subscribed = false;
    bool selectable = true;  ///< false: a name that exists only as the parent of others
    std::uint32_t uid_validity = 0;
    Uid uid_next;
    Uid recent_from;  ///< items with this UID or a higher one are \Recent to the next session that selects
    ModSeq highest_modseq;
    std::uint32_t messages = 0;
    std::uint32_t unseen = 0;
    std::uint32_t deleted = 0;
    std::uint64_t bytes = 0;
    std::vector<std::string> keywords;  ///< the table; index = bit
};

/// One message in one folder. `size` is what RFC822.SIZE says: prefix and payload.
struct Item {
    Uid uid;
    ModSeq modseq;
    Flags flags;
    std::uint32_t size = 0;
    BlobId blob;
    std::int64_t internal_date = 0;  ///< seconds since 1970
    std::int64_t save_date = 0;      ///< when it came into this folder (RFC 8514)
    std::uint64_t email_id = 0;      ///< the same for every copy of one message (RFC 8474)
    std::string_view prefix;         ///< header lines of this copy alone, before the stored bytes; mostly ""
};

/// Ascending, without duplicates: what a sequence or UID set becomes. Runs, so that 1:* is one entry.
struct UidRun {
    Uid first, last;  ///< both included
    friend bool operator==(const UidRun&, const UidRun&) = default;
};
using UidSet = std::vector<UidRun>;

/// Which flags of the originals copies have.
struct KeptFlags {
    std::uint8_t system = 0xff;
    bool keywords = true;
    const UidSet* seen = nullptr;  ///< these have been read, whatever their \Seen says
};

struct FlagChange {
    enum class Mode { replace, add, remove } mode = Mode::add;
    std::uint8_t system = 0;
    std::vector<std::string> keywords;  ///< created in the folder's table when they are new
    std::uint8_t may_system = 0xff;     ///< flags outside stay as they are, whatever the mode
    bool may_keywords = true;           ///< false: so do keywords
};

/// What happened, for every reader of the change log.
struct Change {
    enum class Kind : std::uint8_t {
        added,
        flags,
        expunged,
        folder
    };  ///< folder: created, renamed, deleted, subscribed
    Kind kind;
    ModSeq modseq;
    FolderId folder;
    UidSet uids;  ///< empty for `folder`
};

/// Where an expunged message lies until its time is up.
struct DeletedId {
    ModSeq change;    ///< that expunged it: grows with time
    FolderId folder;  ///< from which
    Uid uid;
    friend auto operator<=>(const DeletedId&, const DeletedId&) = default;
};
/// An expunged message that can be restored.
struct DeletedItem {
    DeletedId id;
    std::int64_t time = 0;  ///< when it was expunged, seconds since 1970
    std::string path;       ///< of its folder at that time
    FolderKind kind = FolderKind::mail;
    SpecialUse special_use = SpecialUse::none;
    std::vector<std::string> keywords;
    Item item;  ///< its bits for keywords mean nothing: see `keywords`
};

struct Quota {
    std::uint64_t used_bytes = 0, limit_bytes = 0;  ///< limit 0 = none
    std::uint64_t used_messages = 0, limit_messages = 0;
    std::uint64_t used_folders = 0, limit_folders = 0;
    std::uint64_t deleted_bytes = 0, deleted_messages = 0;  ///< expunged and still restorable; counted apart
};

/// Something that people noted about a folder or about their account (RFC 5464).
struct Annotation {
    std::string name;  ///< "/private/comment", in lower case
    std::string value;
};
inline constexpr std::size_t max_annotations = 200;             ///< of a folder, and of the account itself
inline constexpr std::size_t max_annotation_name = 500;         ///< octets
inline constexpr std::size_t max_annotation_value = 64 * 1024;  ///< octets

inline constexpr std::size_t max_import_mark = 64;  ///< octets

/// What an account may hold; asked whenever it matters, so that a changed setting counts at once.
struct QuotaLimits {
    std::uint64_t bytes = 0, messages = 0, folders = 0;   ///< 0 = no limit
    std::uint64_t folder_bytes = 0, folder_messages = 0;  ///< of each folder
    /// How long what was expunged can be restored; 0: not at all. Without a value nothing is known of the
    /// account: what it expunges is gone, and what can be restored stays.
    std::optional<std::chrono::seconds> undelete_for{};
    std::uint64_t undelete_bytes = 0;  ///< of which the oldest go first; 0 = no limit
};
class QuotaSource {
public:
    virtual ~QuotaSource() = default;
    virtual QuotaLimits limits(AccountId account) const = 0;
    /// The same, with `folder_bytes` and `folder_messages` of this folder where it has limits of its own.
    virtual QuotaLimits limits_in(AccountId account, FolderId) const { return limits(account); }
};

/// In which storage location an account's new messages lie; asked for each APPEND.
class LocationSource {
public:
    virtual ~LocationSource() = default;
    virtual std::uint16_t location(AccountId account) const = 0;
};

}  // namespace postrider::mailstore
