#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "mailstore/folder_cache.h"
#include "mailstore/item_filter.h"
#include "mailstore/types.h"

namespace postrider::mailstore {

/// The items of one folder in memory, as they were at one moment: what a session that selects the folder,
/// reads its flags or searches it would otherwise take out of the key-value store record by record. Never
/// changes; pieces are shared with the one that is made of it after a change.
class Roster {
public:
    /// As Item, in 56 octets. What few items have stands in `Piece::rest`.
    struct Row {
        Uid uid;
        std::uint32_t size;
        ModSeq modseq;
        BlobId blob;
        std::int64_t internal_date;
        std::int64_t save_date;
        std::uint64_t email_id;
        std::uint8_t system;
        bool has_rest;
    };

    /// @param folder_modseq  of the folder at that moment: as long as it stays, so do its items
    /// @param account_modseq  all changes of the account up to it are contained
    Roster(ModSeq folder_modseq, ModSeq account_modseq)
        : folder_modseq_{folder_modseq}, account_modseq_{account_modseq} {}

    ModSeq folder_modseq() const { return folder_modseq_; }
    ModSeq account_modseq() const { return account_modseq_; }
    std::size_t size() const { return size_; }

    /// Adds an item with a higher UID than all. While it is made.
    void append(const Item& item);
    /// Nothing more is appended.
    void finish();

    /// What this becomes when of the items in `touched` only `now` is left: what was changed, added or
    /// removed.
    /// @param now  ascending
    std::shared_ptr<Roster> with(const UidSet& touched, std::span<const Item> now, ModSeq folder_modseq,
                                 ModSeq account_modseq) const;

    /// Calls visit for each item in the set, ascending, until it returns false. An item's prefix is valid as
    /// long as the roster.
    void each(const UidSet& uids, const std::function<bool(const Item&)>& visit) const;
    const UidSet& uids() const;
    /// Those of the set that are there and fit.
    UidSet filtered(const ItemFilter& filter, const UidSet& uids) const;

private:
    struct Rest {
        Uid uid;
        Flags flags;
        std::string prefix;
    };
    struct Piece {
        std::vector<Row> rows;    ///< not empty
        std::vector<Rest> rest;   ///< of the rows that have some, ascending
        std::uint8_t flags = 0;   ///< system flags that any of them has
        std::uint8_t all = 0xff;  ///< and that all have
    };
    static constexpr std::size_t full = 512;  ///< rows of a piece: what one change copies

    /// Calls visit(piece, row) for each row in the set until it returns false; none of the pieces for which
    /// skip(piece).
    template <class Visit, class Skip>
    void each_row(const UidSet& uids, const Visit& visit, const Skip& skip) const;
    static void add(Piece& piece, const Item& item);
    using Rows = std::vector<Row>::const_iterator;
    static void add(Piece& piece, const Piece& from, Rows first, Rows last);
    static Item item_of(const Piece& piece, const Row& row);
    void put(std::shared_ptr<const Piece> piece);

    ModSeq folder_modseq_, account_modseq_;
    std::size_t size_ = 0;
    std::vector<std::shared_ptr<const Piece>> pieces_;
    mutable std::once_flag uids_counted_;
    mutable UidSet uids_;             ///< once they were asked for
    std::shared_ptr<Piece> growing_;  ///< the last of them, while append() is called
};

/// The rosters of folders that were lately in use. Bounded by the number of items.
class Rosters {
public:
    explicit Rosters(std::size_t most_items) : cache_{most_items} {}

    std::size_t most() const { return cache_.most(); }
    std::shared_ptr<const Roster> find(AccountId account, FolderId folder) {
        return cache_.find(account, folder);
    }
    /// Unless a later one is there, or it is larger than all may be together.
    void put(AccountId account, FolderId folder, std::shared_ptr<const Roster> roster) {
        const ModSeq modseq = roster->folder_modseq();
        constexpr std::size_t of_its_own = 16;  // what a folder of a few messages takes besides, in items
        const std::size_t items = roster->size() + of_its_own;
        cache_.put(account, folder, std::move(roster), items,
                   [&](const Roster& there) { return there.folder_modseq() < modseq; });
    }
    void forget(AccountId account) { cache_.forget(account); }

private:
    FolderCache<const Roster> cache_;
};

}  // namespace postrider::mailstore
