#include "mailstore/current_items.h"

namespace postrider::mailstore {
namespace {

/// Of a folder that is larger, even the list of its pieces takes long to copy.
constexpr std::size_t most_brought_up = 200'000;

}  // namespace

CurrentItems::CurrentItems(AccountImpl& impl, const FolderState& state) : impl_{impl}, folder_{state.id} {
    auto known = impl.core.rosters.find(impl.account_id, folder_);
    if (known && known->folder_modseq() == state.record.n.highest_modseq) roster_ = std::move(known);
}

void CurrentItems::changed(const UidSet& touched, std::span<const Item> now, ModSeq modseq) {
    if (!roster_ || roster_->size() > most_brought_up) return;
    impl_.core.rosters.put(impl_.account_id, folder_, roster_->with(touched, now, modseq, modseq));
}

}  // namespace postrider::mailstore
