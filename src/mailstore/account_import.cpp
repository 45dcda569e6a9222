#include "mailstore/account_edit.h"
#include "mailstore/account_impl.h"
#include "mailstore/errors.h"

/// What importing from another server needs.
namespace postrider::mailstore {
namespace {

/// Above it there would be too few left for folders made later, each of which has a higher one.
constexpr std::uint32_t highest_adopted_validity = 0xf000'0000;

/// It never had a message: the UIDs that unclean stops have skipped (AccountImpl::skip_lost_ids()) are none.
bool unused(const FolderCounters& n) {
    return n.messages == 0 && (n.uid_next.value() - 1) % id_gap == 0;
}

}  // namespace

Result<bool> AccountImpl::has_import_mark(std::string_view mark) {
    auto there = core.kv->get(import_key(account_id, mark.substr(0, max_import_mark)));
    if (!there) return std::unexpected(from(there.error()));
    return there->has_value();
}

Result<> AccountImpl::forget_import_marks() {
    kv::Batch batch;
    const auto range = account_range('j', account_id);
    batch.erase_range(range.begin, range.end);
    return core.write(std::move(batch));
}

Result<FolderInfo> AccountImpl::adopt_uids(FolderId folder, std::uint32_t uid_validity, Uid uid_next) {
    std::unique_lock lock{mutex};
    auto state = selectable(folder);
    if (!state) return std::unexpected(state.error());
    FolderRecord adopted = (*state)->record;
    const bool same = adopted.uid_validity == uid_validity;
    bool possible = same ? uid_next > adopted.n.uid_next
                         : unused(adopted.n) && uid_validity != 0 && uid_next != Uid{}
                               && uid_validity <= highest_adopted_validity;
    for (const auto& [id, other] : table)
        possible = possible && (other.record.uid_validity != uid_validity || id == folder.value());
    if (!possible) return info_of(**state);
    if (auto ok = core.before_giving_out(1); !ok) return std::unexpected(ok.error());
    adopted.uid_validity = uid_validity;
    adopted.n.uid_next = uid_next;
    if (!same) adopted.n.recent_from = uid_next;
    AccountEdit edit{*this};
    edit.account.next_validity = std::max(edit.account.next_validity, uid_validity + 1);
    kv::Batch batch;
    adopted.n.highest_modseq = edit.change_of_folder(batch, folder);
    adopted.epoch = core.epoch;
    batch.put(folder_key(account_id, folder), encoded(adopted));
    edit.put(batch);
    if (auto ok = core.write(std::move(batch), kv::Durability::now); !ok) return std::unexpected(ok.error());
    edit.apply();
    FolderInfo info;
    {
        std::lock_guard state_lock{state_mutex};
        (*state)->record = std::move(adopted);
        info = info_of(**state);
    }
    lock.unlock();
    edit.notify();
    return info;
}

}  // namespace postrider::mailstore
