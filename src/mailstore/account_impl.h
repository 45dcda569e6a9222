#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <unordered_map>

#include "mailstore/core.h"
#include "mailstore/mailstore.h"
#include "mailstore/recent_changes.h"
#include "mailstore/records.h"
#include "mailstore/watchers.h"

namespace postrider::mailstore {

struct Leaving;

/// A folder as it is in memory.
struct FolderState {
    FolderId id;
    FolderRecord record;
    bool damaged = false;  ///< its record does not decode: a name for its children to hang from, nothing more
    bool recent_claimed = false;  ///< record.n.recent_from is ahead of the disk: see AccountImpl::select()
};

/// One account. `mutex` serialises its changes: whoever holds it may read the state below, and change it
/// (under state_mutex) once the batch that says so is written. Readers take state_mutex alone, which nobody
/// holds for longer than a few assignments.
class AccountImpl final : public Account, public std::enable_shared_from_this<AccountImpl> {
public:
    AccountImpl(Core& shared, AccountId account) : core{shared}, account_id{account} {}

    /// Reads the folder table; the first call's outcome stays.
    Result<> load();

    AccountId id() const override { return account_id; }

    // account_folders.cpp
    Result<std::vector<FolderInfo>> folders() override;
    Result<FolderInfo> folder(std::string_view path) override;
    Result<FolderInfo> folder(FolderId id) override;
    Result<FolderInfo> create_folder(std::string_view path, FolderKind kind, SpecialUse use) override;
    Result<> delete_folder(FolderId id) override;
    Result<> rename_folder(FolderId id, std::string_view new_path) override;
    Result<> subscribe(std::string_view path, bool on) override;
    Result<std::vector<std::string>> subscriptions() override;
    Quota quota() override;

    // account_items.cpp
    Result<std::unique_ptr<FolderView>> view(FolderId folder) override;
    Result<std::unique_ptr<FolderView>> select(FolderId folder) override;
    Result<Appended> append(FolderId folder, std::vector<NewItem> items) override;
    Result<Stored> store(FolderId folder, const UidSet& uids, const FlagChange& change,
                         std::optional<ModSeq> unchanged_since) override;

    // account_transfer.cpp
    Result<Copied> copy(FolderId from, const UidSet& uids, FolderId to, const KeptFlags& keep) override;
    Result<Copied> move(FolderId from, const UidSet& uids, FolderId to, const KeptFlags& keep) override;
    Result<Copied> copy_from(AccountId other, FolderId from, const UidSet& uids, FolderId to,
                             const KeptFlags& keep) override;
    Result<Copied> move_from(AccountId other, FolderId from, const UidSet& uids, FolderId to,
                             const KeptFlags& keep) override;
    Result<Expunged> expunge(FolderId folder, const std::optional<UidSet>& uids, bool only_deleted) override;

    // account_import.cpp
    Result<bool> has_import_mark(std::string_view mark) override;
    Result<> forget_import_marks() override;
    Result<FolderInfo> adopt_uids(FolderId folder, std::uint32_t uid_validity, Uid uid_next) override;

    // account_undelete.cpp
    Result<> each_deleted(const DeletedId& after,
                          const std::function<bool(const DeletedItem&)>& visit) override;
    Result<Undeleted> undelete(std::vector<DeletedId> which, const std::optional<std::string>& into) override;
    Result<std::uint64_t> purge_deleted(Time before) override;
    /// Gives up what is past its time or over its limit, at most so many. Called in the background. True when
    /// there is more.
    Result<bool> purge_some(std::size_t at_most);

    // account_links.cpp
    Result<LinkState> link_state(FolderId search) override;
    Result<bool> relink(FolderId search, const Relink& change) override;
    Result<std::vector<std::pair<Uid, Link>>> links(FolderId search, const UidSet& uids) override;
    Result<UidSet> linked(FolderId search, FolderId source) override;

    // account_annotations.cpp
    Result<std::vector<Annotation>> annotations(FolderId folder) override;
    Result<> annotate(FolderId folder, const std::vector<AnnotationChange>& changes) override;

    // account_access.cpp
    Result<std::vector<AccessList>> access_lists() override;
    Result<> set_access_list(FolderId folder, std::string_view list,
                             const std::function<void(kv::Batch&)>& also) override;
    std::uint64_t shape() override { return shape_.load(std::memory_order_acquire); }
    void reshaped() { shape_.store(++core.shapes, std::memory_order_release); }

    // account_readers.cpp
    Result<UidSet> seen_by(AccountId reader, FolderId folder) override;
    Result<Stored> mark_seen_by(AccountId reader, FolderId folder, const UidSet& uids, Seen how,
                                std::optional<ModSeq> unchanged_since) override;

    // account_changes.cpp
    ModSeq highest_modseq() override { return ModSeq{visible_modseq.load(std::memory_order_acquire)}; }
    Result<Changes> changes(ModSeq since, std::optional<FolderId> folder) override;
    Watch watch(std::optional<FolderId> folder, std::function<void()> changed) override;
    /// Forgets the oldest changes when there are too many. Called in the background.
    Result<> trim_changes();
    /// Writes down up to where messages are no longer \Recent. Called in the background.
    Result<> save_recent();

    // ---- for the parts of this room that hold `mutex`

    Result<> usable() const;                           ///< no_such_account once deleted
    Result<FolderState*> selectable(FolderId folder);  ///< no_such_folder, corrupt
    FolderState* by_path(std::string_view path);
    std::string path_of(FolderId folder) const;
    FolderInfo info_of(const FolderState& state) const;
    void rebuild_paths();
    /// Folders that lie directly in this one.
    bool has_children(FolderId folder) const;
    /// Reads everything again; the caller holds `mutex`. For repair.
    Result<> reload();

    Core& core;
    const AccountId account_id;
    std::mutex mutex;

    std::mutex state_mutex;
    AccountRecord record;
    std::map<std::uint32_t, FolderState> table;
    std::unordered_map<std::string, std::uint32_t> paths;
    std::set<std::string> subscribed;
    bool deleted = false;
    RecentChanges newest;  ///< up to record.modseq

    std::atomic<std::uint64_t> visible_modseq{0};
    Watchers watchers;

private:
    // What is done to messages of a search folder is done to those that they stand for (account_links.cpp).
    bool is_search(FolderId folder);
    Result<Leaving> leaving(const Replaced& replaced);
    Result<> drop_link(FolderId search, Uid uid);
    Result<> touch_links(FolderId search, const std::vector<Link>& refresh, const std::vector<Link>& remove);
    Result<Stored> store_linked(FolderId search, const UidSet& uids, const FlagChange& change,
                                std::optional<ModSeq> unchanged_since);
    Result<Copied> move_linked(FolderId search, const UidSet& uids, FolderId to);
    Result<Expunged> expunge_linked(FolderId search, const std::optional<UidSet>& uids, bool only_deleted);

    Result<> rename_inbox(FolderId inbox, const std::string& path);
    /// Expunges the next piece of those that are `left`, which are then fewer.
    Result<> expunge_some(FolderId folder, UidSet& left, bool only_deleted, Expunged& expunged);
    Result<std::uint64_t> undelete_some(FolderId folder, std::span<const DeletedId> which);
    Result<FolderId> folder_for_undeleted(const DeletedItem& item, Undeleted& undeleted);
    Result<std::uint64_t> purge(std::int64_t upto, std::uint64_t keep_bytes, std::size_t at_most);
    Result<> read_state();
    Result<> skip_lost_ids();
    std::optional<Result<>> loaded_;
    std::atomic<std::uint64_t> shape_{++core.shapes};  ///< never one that an account before had
};

}  // namespace postrider::mailstore
