#pragma once

#include <deque>
#include <memory>

#include "mailstore/account_impl.h"

namespace postrider::mailstore {

class FolderViewImpl final : public FolderView {
public:
    FolderViewImpl(std::shared_ptr<AccountImpl> account, std::unique_ptr<kv::Snapshot> snapshot,
                   FolderInfo info, Uid first_recent)
        : account_{std::move(account)},
          core_{account_->core},
          snapshot_{std::move(snapshot)},
          info_{std::move(info)},
          first_recent_{first_recent} {}

    const FolderInfo& info() const override { return info_; }
    Uid first_recent() const override { return first_recent_; }
    Result<UidSet> uids() override;
    Result<std::optional<Item>> item(Uid uid) override;
    Result<> each_item(const UidSet& uids, const std::function<bool(const Item&)>& visit) override;
    Result<> each_described(const UidSet& uids,
                            const std::function<bool(const Item&, std::string_view)>& visit) override;
    Result<std::optional<mime::Description>> description(Uid uid) override;
    Result<std::string> message(const Item& item) override;
    Result<std::string> head(const Item& item, std::size_t bytes) override;

private:
    Result<std::string> record_of(Uid uid);
    void report_damage(const char* what, Uid uid) const;

    std::shared_ptr<AccountImpl> account_;
    Core& core_;
    std::unique_ptr<kv::Snapshot> snapshot_;
    FolderInfo info_;
    Uid first_recent_;
    std::unique_ptr<kv::Cursor> cursor_at(char letter, std::unique_ptr<kv::Cursor>& left, const UidSet& uids);

    // Where the last walk ended: a long listing is read in pieces. Made at the snapshot, so they go before
    // it.
    std::unique_ptr<kv::Cursor> items_, texts_;
    std::deque<std::string> kept_;  ///< prefixes of items that item() gave
};

}  // namespace postrider::mailstore
