#pragma once

#include <deque>
#include <limits>
#include <optional>
#include <vector>

#include "mailstore/account_impl.h"
#include "mailstore/uid_set.h"

namespace postrider::mailstore {

/// What one batch does to one account: collected while its lock is held, put into the batch once, and applied
/// to the state in memory only after the batch was written.
class AccountEdit {
public:
    explicit AccountEdit(AccountImpl& impl) : account{impl.record}, impl_{impl} {}

    struct FolderEdit {
        FolderState* state;
        FolderCounters n;
        std::optional<std::vector<std::string>> keywords;  ///< when new ones were made
        UidSet arrived;                                    ///< by arrive(), one change entry for all
        ModSeq arrived_modseq;
    };
    /// The edit of that folder, begun at the first call. Stays where it is.
    FolderEdit& folder(FolderState& state);

    ModSeq next_modseq() { return ModSeq{++account.modseq}; }

    /// Notes a change of items in the folder, under a modification sequence of its own.
    ModSeq change(kv::Batch& batch, Change::Kind kind, FolderEdit& folder, UidSet uids);
    /// Notes a change of folders.
    ModSeq change_of_folder(kv::Batch& batch, FolderId folder);
    /// Account::shape() will be another one.
    void reshape() { reshapes_ = true; }
    /// Notes a change under a modification sequence taken before.
    void note(kv::Batch& batch, Change::Kind kind, FolderId folder, UidSet uids, ModSeq modseq);

    /// A new item: gives it UID and modification sequence (one for all that arrive in the folder in this
    /// batch), counts it, and writes its record.
    void arrive(kv::Batch& batch, FolderEdit& folder, Item& item);
    /// Its description, without which no item is complete: of many, behind all items. The engine takes in
    /// keys that follow each other at a fraction of the cost.
    void describe(kv::Batch& batch, const FolderEdit& folder, Uid uid, std::string_view description);
    /// The records of an item and its description go. As with describe(), in runs.
    void erase(kv::Batch& batch, FolderId folder, const UidSet& uids);
    /// No UIDs are left (RFC 9051 §2.3.1.1 asks for a new UIDVALIDITY; four billion arrivals are not
    /// awaited).
    static bool has_uids(const FolderEdit& folder, std::uint64_t wanted) {
        return wanted < std::uint64_t{std::numeric_limits<std::uint32_t>::max()} - folder.n.uid_next.value();
    }
    /// An item leaves: counters only.
    void leave(FolderEdit& folder, const Item& item);
    static bool counts(const FolderEdit& folder);
    /// Counters for flags that change.
    static void recount(FolderEdit& folder, const Flags& before, const Flags& after);

    /// The bit of a keyword, made if it is new; nullopt when the table is full or the name impossible.
    static std::optional<std::size_t> keyword(FolderEdit& folder, std::string_view name, bool create);

    /// Puts the records of folders and account, and the change entries of what arrived.
    void put(kv::Batch& batch);
    /// After the batch was written: memory says what the disk says.
    void apply();
    AccountImpl& impl() { return impl_; }
    /// After the lock was given back: wakes who watches.
    void notify() {
        if (reshapes_) impl_.reshaped();
        impl_.watchers.notify(touched_);
    }

    AccountRecord account;

private:
    AccountImpl& impl_;
    std::deque<FolderEdit> folders_;
    std::vector<FolderId> touched_;
    bool reshapes_ = false;  ///< names, parents, access lists or annotations are others afterwards
    std::vector<Change> noted_;
    std::string scratch_;
};

}  // namespace postrider::mailstore
