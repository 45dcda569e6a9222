#pragma once

#include <memory>
#include <span>

#include "mailstore/account_impl.h"
#include "mailstore/roster.h"
#include "mailstore/scan.h"

namespace postrider::mailstore {

/// One folder's items as they are, while the account's lock is held: out of memory where they are known
/// there, and known there afterwards. A cursor over records that were changed lately walks over every older
/// one of them, which costs more than all else that STORE or EXPUNGE do before they wait for the disk.
class CurrentItems {
public:
    CurrentItems(AccountImpl& impl, const FolderState& state);

    /// Calls visit(item) for each in the set, ascending, until it returns false; damaged(uid) likewise for
    /// those whose record does not decode. An item's prefix is valid during the call, and as long as this
    /// when stay().
    template <class Visit, class Damaged>
    Result<> each(const UidSet& uids, const Visit& visit, const Damaged& damaged) const {
        if (roster_) {
            roster_->each(uids, visit);
            return {};
        }
        return scan_folder(*impl_.core.kv, 'i', impl_.account_id, folder_, uids, nullptr,
                           [&](Uid uid, std::string_view value) {
                               const auto item = decode_item(uid, value);
                               return item ? visit(*item) : damaged(uid);
                           });
    }
    /// They are in memory.
    bool stay() const { return roster_ != nullptr; }

    /// Once it was written: of those in `touched` only `now` is left. What was not in memory stays so, and
    /// what would cost more to bring up than the change is left to the next who reads.
    /// @param now  ascending
    /// @param modseq  of the change, the highest that the account has given out
    void changed(const UidSet& touched, std::span<const Item> now, ModSeq modseq);

private:
    AccountImpl& impl_;
    FolderId folder_;
    std::shared_ptr<const Roster> roster_;
};

}  // namespace postrider::mailstore
