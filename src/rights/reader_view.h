#pragma once

#include <memory>

#include "mailstore/columns.h"
#include "mailstore/mailstore.h"
#include "mailstore/uid_set.h"

namespace postrider::rights {

/// A folder as somebody sees it to whom it does not belong, with his own \Seen where that is kept apart.
class ReaderView final : public mailstore::FolderView, public mailstore::KeepsColumns {
public:
    using Item = mailstore::Item;
    template <class T = void>
    using Result = mailstore::Result<T>;

    ReaderView(std::unique_ptr<FolderView> inner, mailstore::FolderInfo info,
               std::optional<mailstore::UidSet> seen = {})
        : inner_{std::move(inner)}, info_{std::move(info)}, seen_{std::move(seen)} {}

    const mailstore::FolderInfo& info() const override { return info_; }
    Uid first_recent() const override { return inner_->first_recent(); }
    Result<mailstore::UidSet> uids() override { return inner_->uids(); }
    Result<std::optional<Item>> item(Uid uid) override {
        auto found = inner_->item(uid);
        if (found && *found) **found = as_read(**found);
        return found;
    }
    Result<> each_item(const mailstore::UidSet& uids,
                       const std::function<bool(const Item&)>& visit) override {
        return inner_->each_item(uids, [&](const Item& item) { return visit(as_read(item)); });
    }
    Result<> each_described(const mailstore::UidSet& uids,
                            const std::function<bool(const Item&, std::string_view)>& visit) override {
        return inner_->each_described(uids, [&](const Item& item, std::string_view description) {
            return visit(as_read(item), description);
        });
    }
    Result<std::optional<mime::Description>> description(Uid uid) override {
        return inner_->description(uid);
    }
    std::shared_ptr<mailstore::Columns> columns(mailstore::Made how, std::uint64_t looks) override {
        return mailstore::columns_of(*inner_, how, looks);
    }
    Result<std::string> message(const Item& item) override { return inner_->message(item); }
    Result<std::string> head(const Item& item, std::size_t bytes) override {
        return inner_->head(item, bytes);
    }

private:
    Item as_read(Item item) const {
        if (!seen_) return item;
        item.flags.system &= static_cast<std::uint8_t>(~mailstore::seen);
        if (mailstore::contains(*seen_, item.uid)) item.flags.system |= mailstore::seen;
        return item;
    }

    std::unique_ptr<FolderView> inner_;
    mailstore::FolderInfo info_;
    std::optional<mailstore::UidSet> seen_;
};

}  // namespace postrider::rights
