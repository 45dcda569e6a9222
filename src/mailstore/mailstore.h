#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>

#include "container/container.h"
#include "kv/kv.h"
#include "mailstore/search_folder.h"
#include "mailstore/types.h"
#include "mime/description.h"
#include "observe/log.h"

/// Folders and items on `kv` and `container`, with one change log per account. Records by the byte:
/// docs/formats/mailstore.md.
///
/// Everything here may block on disk (run it on the worker pool) unless it says otherwise, and may be called
/// from any thread. Changes to one account are serialised by a lock of that account; readers work on
/// snapshots and never wait for writers.
///
/// Durability: what returns or completes with success is on disk when the documentation says *durable*;
/// everything else (flag changes, subscriptions) is on disk within a second.
namespace postrider::mailstore {

class Account;
class FolderView;

/// Where one copy of an arriving message goes.
struct Target {
    AccountId account;
    std::string folder = "INBOX";  ///< path; INBOX when there is no such folder
    std::uint8_t flags = 0;
    std::vector<std::string> keywords;
    std::string prefix;               ///< header lines of this copy alone, CRLF-ended
    bool over_quota_allowed = false;  ///< the quota was checked when the recipient was accepted
};

/// A message on its way into the store: written once, synced once, made visible in one batch.
struct Submission {
    std::string meta;     ///< what whoever replays after a crash needs (the queue's envelope)
    std::string payload;  ///< trace header and message, CRLF line ends
    std::vector<Target> targets;
    Time received;
    std::uint16_t location = 0;  ///< storage location to prefer; see Options::locations
    /// Further records of the same batch (the queue entry), made once the id is known. With them the blob is
    /// held once more, until release_hold(). Called on the committer's thread; must not block.
    std::function<void(BlobId, kv::Batch&)> also;
    bool hold = true;  ///< false: `also` needs the records in the batch, and nobody the blob
};

struct DeliveryReceipt {
    BlobId blob;
    struct Delivered {
        bool ok = false;
        MailError error{};  ///< when not ok: over_quota, no_such_account
        FolderId folder;
        std::string folder_path;
        Uid uid;
    };
    std::vector<Delivered> targets;  ///< in the order of Submission::targets
};

struct LocationConfig {
    std::uint16_t number = 0;
    container::LocationOptions options;
    std::string storage_id;
};

/// How long the change log of an account reaches back: a change is forgotten when it is neither among the
/// last `count` nor younger than `age`, and in any case when it is not among the last `at_most`.
struct ChangeRetention {
    std::uint64_t count = 100'000;
    std::chrono::seconds age = std::chrono::hours{24 * 30};
    std::uint64_t at_most = 1'000'000;
};

/// Messages that an account's owner has copied or moved to another folder of his.
struct Transferred {
    AccountId account;
    FolderId from, to;
    SpecialUse from_use = SpecialUse::none, to_use = SpecialUse::none;
    std::vector<Uid> uids;  ///< in `to`
};

struct Options {
    std::filesystem::path directory;        ///< kv lives in directory/"kv"
    std::vector<LocationConfig> locations;  ///< at least one
    kv::Options kv;
    std::size_t account_cache = 10'000;    ///< accounts whose folder tables stay in memory
    std::size_t roster_items = 1'500'000;  ///< of folders in use that stay in memory, 56 octets each
    std::uint32_t roster_least = 10;       ///< a folder that never had so many is read record by record
    std::uint32_t columns_least = 200;     ///< and what is searched in fewer is read from the descriptions
    std::size_t max_waiting = 20'000;  ///< submissions that wait for the committer; more get MailError::full
    std::size_t max_waiting_bytes = 128u << 20;  ///< of their records
    ChangeRetention change_retention;
    std::size_t changes_at_once = 200'000;   ///< that Account::changes() gives; with more it is not complete
    std::chrono::seconds blob_grace{10};     ///< how long the bytes of what was expunged can still be read
    std::chrono::seconds undelete_pass{60};  ///< how often all accounts are looked at for what to give up
    std::chrono::milliseconds mark_every{1000};  ///< how often flag changes and the like are synced
    const Clock* clock = nullptr;
    observe::Logger* log = nullptr;
    const QuotaSource* quota = nullptr;
    /// Told after the fact, on the thread of whoever copied or moved: must not block. Deliveries are none.
    std::function<void(const Transferred&)> on_transfer{};
    const LocationSource* placing = nullptr;  ///< where what people APPEND goes; without it, location 0
};

/// Called during open() for every durable message that had not been made visible when the server died; gives
/// the submission to carry on with, or nothing to drop it (then it is logged).
using Replay = std::function<std::optional<Submission>(std::string_view meta, std::string_view payload)>;

class MailStore {
public:
    static Result<std::unique_ptr<MailStore>> open(const Options& options, const Replay& replay);
    virtual ~MailStore() = default;  ///< syncs; leaves the mark of a clean stop

    virtual kv::Store&
    kv() = 0;  ///< directory and queue keep their records in the same store, under their own prefixes

    // ---- accounts

    /// Makes the account's folders: INBOX and the special-use ones (Drafts, Sent, Trash, Junk, Archive).
    /// Durable.
    virtual Result<> create_account(AccountId account) = 0;
    /// Without any: for the owner of a domain's public folders. Durable.
    virtual Result<> create_empty_account(AccountId account) = 0;
    virtual Result<> delete_account(AccountId account) = 0;
    /// Adds to a batch of the directory's that the account ceases to exist with it. Its folders are removed
    /// by delete_account(), which is to be called once the batch is written, or by the next start.
    virtual void mark_deleted(AccountId account, kv::Batch& batch) = 0;
    /// Cheap: cached.
    virtual Result<std::shared_ptr<Account>> account(AccountId account) = 0;

    // ---- messages in

    /// Durable when `done` is called with success: bytes and envelope are synced, together with all else in
    /// flight, and the copies are visible to readers. Does not block: refuses with MailError::full when too
    /// much waits. `done` runs on the committer's thread and must only post.
    using Done = std::function<void(Result<DeliveryReceipt>)>;
    virtual void submit(Submission submission, Done done) = 0;
    /// Puts copies of a stored message that the queue holds into local folders, in one batch with what `also`
    /// adds (the changed queue entry) once it is known which targets were served. Soon durable; exact after a
    /// crash, because the queue entry is in the same batch.
    virtual Result<DeliveryReceipt> deliver(
        BlobId held, std::vector<Target> targets,
        const std::function<void(const DeliveryReceipt&, kv::Batch&)>& also) = 0;
    /// The queue needs the blob no longer; `also` removes its records in the same batch.
    virtual Result<> release_hold(BlobId blob, const std::function<void(kv::Batch&)>& also) = 0;

    // ---- messages out

    virtual Result<std::shared_ptr<const std::string>> read(BlobId blob) = 0;
    virtual Result<std::string> read_head(BlobId blob, std::size_t bytes) = 0;

    // ---- care

    struct Progress {
        std::string what;
        int percent = 0;
    };
    /// May throw to end the work, which can be done again later: verify() reads only, repair() has changed
    /// nothing before its last step, compact() goes from file to file.
    using OnProgress = std::function<void(const Progress&)>;
    struct Finding {
        AccountId account;
        std::string what;  ///< one line for the administrator
        bool repaired = false;
    };
    virtual Result<std::vector<Finding>> verify(const OnProgress& progress) = 0;
    /// Rebuilds what the containers and the undamaged records allow: counters, descriptions, references.
    virtual Result<std::vector<Finding>> repair(AccountId account, const OnProgress& progress) = 0;
    virtual Result<> compact(const OnProgress& progress) = 0;
    /// For who is about to close the store: a compact() at work ends soon, with an error.
    virtual void stop_compacting() = 0;
    /// A consistent copy of everything in a new directory while the server runs.
    virtual Result<> snapshot(const std::filesystem::path& directory) = 0;
    virtual Result<> add_location(const LocationConfig& location) = 0;
    /// New limits of a location that is open: the numbers of files and octets, and whether it is read-only.
    virtual Result<> change_location(const LocationConfig& location) = 0;

    struct Report {
        kv::Store::Stats kv;
        std::vector<std::pair<std::uint16_t, container::Usage>> locations;
        std::uint64_t messages = 0;
        std::uint64_t flushes = 0;  ///< fdatasync calls of containers and kv since open
    };
    virtual Report report() = 0;
    virtual bool full()
        const = 0;  ///< no location takes messages: SMTP answers 452 before it reads any. Does not block
    virtual bool takes_mail(std::uint16_t location) const = 0;  ///< there is one of that number, with room
};

/// The account's folders; makes them if a crash came between the account's creation and theirs. Only for
/// accounts that the directory knows.
Result<std::shared_ptr<Account>> open_or_create(MailStore& store, AccountId account);
/// The same for the owner of a domain's public folders, who has none until somebody makes some.
Result<std::shared_ptr<Account>> open_public(MailStore& store, AccountId owner);

/// One account's folders. Held by sessions while they need it.
class Account {
public:
    virtual ~Account() = default;
    virtual AccountId id() const = 0;

    // ---- folders. Names are paths in UTF-8; case matters except in INBOX.
    virtual Result<std::vector<FolderInfo>> folders() = 0;  ///< sorted by path, INBOX first
    virtual Result<FolderInfo> folder(std::string_view path) = 0;
    virtual Result<FolderInfo> folder(FolderId id) = 0;
    /// Makes missing parents. Durable, as the other changes of folders.
    virtual Result<FolderInfo> create_folder(std::string_view path, FolderKind kind = FolderKind::mail,
                                             SpecialUse use = SpecialUse::none) = 0;
    /// A folder with children keeps its name, unselectable. What is in it can be restored as what is
    /// expunged; more than 20,000 messages are expunged in pieces first.
    virtual Result<> delete_folder(FolderId id) = 0;
    virtual Result<> rename_folder(
        FolderId id,
        std::string_view new_path) = 0;  ///< INBOX: moves its messages (RFC 9051 §6.3.6), as move()
    virtual Result<> subscribe(std::string_view path,
                               bool on) = 0;  ///< also of names that do not exist (RFC 9051 §6.3.7)
    virtual Result<std::vector<std::string>> subscriptions() = 0;
    virtual Quota quota() = 0;

    // ---- items

    /// A consistent view of one folder at this moment, for listing and searching.
    virtual Result<std::unique_ptr<FolderView>> view(FolderId folder) = 0;
    /// As view(), and the items from FolderInfo::recent_from on are \Recent to the caller alone (RFC 3501
    /// §2.3.2).
    virtual Result<std::unique_ptr<FolderView>> select(FolderId folder) = 0;

    /// A message in whose place another comes (RFC 8508).
    struct Replaced {
        AccountId account;
        FolderId folder;
        Uid uid;
    };
    struct NewItem {
        std::string payload;
        std::uint8_t flags = 0;
        std::vector<std::string> keywords;
        std::optional<Time> internal_date;
        /// Expunged in the batch in which this comes, so that there is always the one or the other; the quota
        /// is held against what is there without it. Whoever sets it has looked at the rights.
        std::optional<Replaced> replaces{};
        // Of imports:
        Uid uid{};  ///< the UID it is to have, if no message of the folder had this one or a higher one
        /// At most max_import_mark octets, noted with the item for has_import_mark(). Of two with the same
        /// mark the later is left out: its UID in Appended is 0.
        std::string mark;
    };
    struct Appended {
        std::uint32_t uid_validity = 0;
        std::vector<Uid> uids;
    };
    /// All or nothing (RFC 3502). Durable. MailError::gone when a message that is to be replaced is not
    /// there.
    virtual Result<Appended> append(FolderId folder, std::vector<NewItem> items) = 0;

    struct Stored {
        std::vector<Item> changed;  ///< with their new flags and modseq (prefix not set)
        UidSet modified;            ///< not changed: their modseq is above unchanged_since (RFC 7162 §3.1.3)
        ModSeq modseq;              ///< of this change; the same for all items
        bool anything = false;      ///< some item did change: `modseq` is new and nobody else's
    };
    virtual Result<Stored> store(FolderId folder, const UidSet& uids, const FlagChange& change,
                                 std::optional<ModSeq> unchanged_since = {}) = 0;

    struct Copied {
        std::uint32_t uid_validity = 0;
        std::vector<Uid> from, to;
    };
    /// Copies share the bytes. All or nothing. Durable. MailError::too_much when the records of what is
    /// copied pass 64 MiB, which is some 50,000 messages.
    virtual Result<Copied> copy(FolderId from, const UidSet& uids, FolderId to,
                                const KeptFlags& keep = {}) = 0;
    /// A message is never in both folders or in none. Durable. All or nothing up to the limit of copy();
    /// more are moved in pieces of that size, between which others may change the account; after an error
    /// those before it have been moved (RFC 6851 §3 asks for no more than each message whole).
    virtual Result<Copied> move(FolderId from, const UidSet& uids, FolderId to,
                                const KeptFlags& keep = {}) = 0;
    /// As copy() and move(), out of a folder of another account into one of this.
    virtual Result<Copied> copy_from(AccountId other, FolderId from, const UidSet& uids, FolderId to,
                                     const KeptFlags& keep = {}) = 0;
    virtual Result<Copied> move_from(AccountId other, FolderId from, const UidSet& uids, FolderId to,
                                     const KeptFlags& keep = {}) = 0;

    struct Expunged {
        UidSet uids;
        ModSeq modseq;
    };
    /// Those of `uids` (all if nullopt) that carry \Deleted; with `only_deleted` false, all of them. Durable.
    /// More than 4,096 go in pieces, as with move().
    virtual Result<Expunged> expunge(FolderId folder, const std::optional<UidSet>& uids,
                                     bool only_deleted = true) = 0;

    // ---- imports

    /// An item with that mark has been appended to the account once, whatever has become of it since.
    virtual Result<bool> has_import_mark(std::string_view mark) = 0;
    virtual Result<> forget_import_marks() = 0;
    /// A folder that never had a message takes over the UIDVALIDITY of the one it is imported from, if no
    /// other folder of the account has it; one that has it already gives out no UID below `uid_next` from now
    /// on. Otherwise it stays as it is. Durable.
    virtual Result<FolderInfo> adopt_uids(FolderId folder, std::uint32_t uid_validity, Uid uid_next) = 0;

    // ---- what was expunged and can be restored (QuotaLimits::undelete_for)

    /// Visits what can be restored, oldest first, from behind that one on; the views given are valid during
    /// the call only. `visit` returns false to stop.
    virtual Result<> each_deleted(const DeletedId& after,
                                  const std::function<bool(const DeletedItem&)>& visit) = 0;
    struct Undeleted {
        std::uint64_t messages = 0;
        std::uint64_t gone = 0;            ///< of those asked for: restored before, or their time was up
        std::vector<std::string> folders;  ///< that were made for them
    };
    /// Puts them back, each into the folder it was in, which is made again where it is gone, or all into
    /// `into`: with new UIDs, their flags without \Deleted, keywords and dates. Durable. In pieces, between
    /// which others may change the account; after an error those before it are restored.
    virtual Result<Undeleted> undelete(std::vector<DeletedId> which,
                                       const std::optional<std::string>& into = {}) = 0;
    /// Gives up what was expunged before that time. Returns how many.
    virtual Result<std::uint64_t> purge_deleted(Time before) = 0;

    // ---- annotations

    /// Of a folder, or with FolderId{0} of the account itself, sorted by name.
    virtual Result<std::vector<Annotation>> annotations(FolderId folder) = 0;
    /// Sets them, all or none; without a value it is removed. too_much when there would be too many, or a
    /// name or value is too long. Counts as a change of the folder (RFC 7162 §3.2). They go with the folder.
    struct AnnotationChange {
        std::string name;
        std::optional<std::string> value;
    };
    virtual Result<> annotate(FolderId folder, const std::vector<AnnotationChange>& changes) = 0;

    // ---- whose folders they are besides (the rights room knows what this means)

    struct AccessList {
        FolderId folder;  ///< 0: of the account as a whole
        std::string list;
    };
    virtual Result<std::vector<AccessList>> access_lists() = 0;
    /// "" removes it. Counts as a change of the folder, with which it goes. `also` adds to the batch.
    /// Durable.
    virtual Result<> set_access_list(FolderId folder, std::string_view list,
                                     const std::function<void(kv::Batch&)>& also = {}) = 0;
    /// Another number after each change of names, parents, access lists or annotations, never one that was
    /// before. Does not block.
    virtual std::uint64_t shape() = 0;

    /// What a reader has read who does not share \Seen with others: kept beside the flags.
    virtual Result<UidSet> seen_by(AccountId reader, FolderId folder) = 0;
    /// Gives those messages a new modification sequence, since a client of the reader's must hear of it;
    /// Stored has them with \Seen as it now is for the reader. On disk within a second.
    enum class Seen { no, yes };
    virtual Result<Stored> mark_seen_by(AccountId reader, FolderId folder, const UidSet& uids, Seen how,
                                        std::optional<ModSeq> unchanged_since = {}) = 0;

    // ---- the change log

    virtual ModSeq highest_modseq() = 0;  ///< does not block
    /// Everything after `since`, in order; with a folder, only what touched it. `complete` is false when the
    /// log no longer reaches back that far.
    struct Changes {
        bool complete = true;
        ModSeq upto;
        std::vector<Change> changes;
    };
    virtual Result<Changes> changes(ModSeq since, std::optional<FolderId> folder = {}) = 0;

    /// Calls `changed` after every committed batch that touched the account (or only that folder), on
    /// whatever thread committed it: it must only post or wake. Stops when the returned token is dropped.
    using Watch = std::shared_ptr<void>;
    virtual Watch watch(std::optional<FolderId> folder, std::function<void()> changed) = 0;

    // ---- search folders (search_folder.h); of other accounts than one's own there are none

    virtual Result<LinkState> link_state(FolderId search);
    /// One change, of at most max_links_at_once links. False when `before` is not what is there: another
    /// session was faster, and what it did is to be looked at.
    virtual Result<bool> relink(FolderId search, const Relink& change);
    /// What each of those UIDs stands for, in their order; an UID that is not there is left out.
    virtual Result<std::vector<std::pair<Uid, Link>>> links(FolderId search, const UidSet& uids);
    /// The UIDs of `source` that stand in the search folder.
    virtual Result<UidSet> linked(FolderId search, FolderId source);
};

/// A folder at one moment. Not thread-safe; holds a snapshot: keep it for one command, not for a session.
class FolderView {
public:
    virtual ~FolderView() = default;
    virtual const FolderInfo& info() const = 0;
    virtual Uid first_recent()
        const = 0;  ///< items from here on are \Recent to this session; max Uid + 1 = none

    virtual Result<UidSet> uids() = 0;  ///< of all items, as runs (a run only spans UIDs that exist)
    virtual Result<std::optional<Item>> item(Uid uid) = 0;

    /// Visits the items of a UID set that exist, ascending; the views given are valid during the call only.
    /// `visit` returns false to stop.
    virtual Result<> each_item(const UidSet& uids, const std::function<bool(const Item&)>& visit) = 0;
    /// With the encoded mime::Description of each (see mime::Listing): the fast path of FETCH.
    virtual Result<> each_described(
        const UidSet& uids, const std::function<bool(const Item&, std::string_view description)>& visit) = 0;
    virtual Result<std::optional<mime::Description>> description(Uid uid) = 0;
    /// Prefix and stored bytes: the message as a client reads it. The item is one that this view gave.
    virtual Result<std::string> message(const Item& item) = 0;
    /// At least its first `bytes`.
    virtual Result<std::string> head(const Item& item, std::size_t bytes) = 0;
};

}  // namespace postrider::mailstore
