#pragma once

#include <deque>
#include <memory>

#include "mailstore/account_impl.h"
#include "mailstore/columns.h"
#include "mailstore/item_filter.h"
#include "mailstore/roster.h"

namespace postrider::mailstore {

class FolderViewImpl final : public FolderView, public FiltersItems, public KeepsColumns {
public:
    /// @param known  all changes of the account up to it are in the snapshot
    FolderViewImpl(std::shared_ptr<AccountImpl> account, std::unique_ptr<kv::Snapshot> snapshot,
                   FolderInfo info, Uid first_recent, ModSeq known)
        : account_{std::move(account)},
          core_{account_->core},
          snapshot_{std::move(snapshot)},
          info_{std::move(info)},
          first_recent_{first_recent},
          known_{known} {}

    const FolderInfo& info() const override { return info_; }
    Uid first_recent() const override { return first_recent_; }
    Result<UidSet> uids() override;
    Result<std::optional<Item>> item(Uid uid) override;
    Result<> each_item(const UidSet& uids, const std::function<bool(const Item&)>& visit) override;
    std::optional<UidSet> filtered(const ItemFilter& filter, const UidSet& uids) override;
    Result<> each_described(const UidSet& uids,
                            const std::function<bool(const Item&, std::string_view)>& visit) override;
    Result<std::optional<mime::Description>> description(Uid uid) override;
    std::shared_ptr<Columns> columns(Made how, std::uint64_t looks) override;
    Result<std::string> message(const Item& item) override;
    Result<std::string> head(const Item& item, std::size_t bytes) override;

private:
    Result<std::string> record_of(Uid uid);
    Result<std::string> prefix_of(const Item& item);
    void report_damage(const char* what, Uid uid) const;

    /// The folder's items in memory; null: they are to be read record by record.
    enum class Roll { as_it_is, brought_up, made };
    const Roster* roster(Roll how);
    std::shared_ptr<const Roster> brought_up(const Roster& before);
    std::shared_ptr<const Roster> made();

    bool fill(Columns& columns, Uid last);

    std::shared_ptr<AccountImpl> account_;
    Core& core_;
    std::unique_ptr<kv::Snapshot> snapshot_;
    FolderInfo info_;
    Uid first_recent_;
    ModSeq known_;
    std::unique_ptr<kv::Cursor> cursor_at(char letter, std::unique_ptr<kv::Cursor>& left, const UidSet& uids);

    std::shared_ptr<const Roster> roster_;
    std::shared_ptr<Columns> columns_;

    // Where the last walk ended: a long listing is read in pieces. Made at the snapshot, so they go before
    // it.
    std::unique_ptr<kv::Cursor> items_, texts_;
    std::deque<std::string> kept_;  ///< prefixes of items that item() gave
};

}  // namespace postrider::mailstore
