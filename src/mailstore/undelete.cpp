#include "mailstore/undelete.h"

namespace postrider::mailstore {

UndeleteKeeper::UndeleteKeeper(AccountEdit& edit, const FolderState& folder, ModSeq change)
    : edit_{edit},
      folder_{folder},
      change_{change},
      limits_{edit.impl().core.limits(edit.impl().account_id)},
      // What is in a search folder is kept where it really lies.
      keeps_{folder.record.kind != FolderKind::search && limits_.undelete_for
             && limits_.undelete_for->count() > 0} {
    if (keeps_) path_ = edit.impl().path_of(folder.id);
}

bool UndeleteKeeper::keep(kv::Batch& batch, const Item& item) {
    if (!keeps_) return false;
    DeletedItem record;
    record.id = {change_, folder_.id, item.uid};
    record.time = edit_.impl().core.now_seconds();
    record.path = path_;
    record.kind = folder_.record.kind;
    record.special_use = folder_.record.special_use;
    const auto& table = folder_.record.keywords;
    for (std::size_t bit = 0; bit < table.size(); ++bit)
        if (item.flags.keyword(bit)) record.keywords.push_back(table[bit]);
    record.item = item;
    scratch_.clear();
    put(scratch_, record);
    batch.put(undelete_key(edit_.impl().account_id, record.id), scratch_);
    ++edit_.account.deleted_messages;
    edit_.account.deleted_bytes += item.size;
    return true;
}

void UndeleteKeeper::check_limit() {
    AccountImpl& impl = edit_.impl();
    if (keeps_ && limits_.undelete_bytes != 0 && impl.record.deleted_bytes > limits_.undelete_bytes)
        impl.core.too_much_deleted.add(impl.shared_from_this());
}

std::optional<BlobId> blob_of(std::string_view key, std::string_view value) {
    if (key.starts_with('u')) {
        auto record = decode_deleted(key, value);
        return record ? std::optional{record->item.blob} : std::nullopt;
    }
    auto item = decode_item(Uid{last_u32(key)}, value);
    return item ? std::optional{item->blob} : std::nullopt;
}

}  // namespace postrider::mailstore
