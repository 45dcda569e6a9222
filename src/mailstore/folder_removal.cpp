#include "mailstore/folder_removal.h"

#include "mailstore/core.h"
#include "mailstore/errors.h"
#include "mailstore/scan.h"

namespace postrider::mailstore {

Result<> remove_items(Core& core, AccountId account, FolderId folder, kv::Batch& batch, BlobRefs& refs,
                      AccountRecord& record, UndeleteKeeper& kept, FolderKind kind) {
    auto items = folder_range('i', account, folder);
    auto ok = scan_range(*core.kv, items.begin, items.end, nullptr,
                         [&](std::string_view key, std::string_view value) {
                             if (auto item = decode_item(Uid{last_u32(key)}, value)) {
                                 if (kind == FolderKind::search) {  // it lies, and is counted, elsewhere
                                     refs.add_ref(item->blob, -1);
                                     return true;
                                 }
                                 if (!kept.keep(batch, *item)) refs.add_ref(item->blob, -1);
                                 record.messages -= record.messages > 0;
                                 record.bytes -= std::min<std::uint64_t>(record.bytes, item->size);
                             }
                             return true;
                         });
    if (!ok) return ok;
    for (char letter : {'n', 'r'}) {
        auto notes = folder_range(letter, account, folder);
        ok = scan_range(*core.kv, notes.begin, notes.end, nullptr,
                        [&](std::string_view key, std::string_view) {
                            batch.erase(key);
                            return true;
                        });
        if (!ok) return ok;
    }
    auto descriptions = folder_range('d', account, folder);
    batch.erase_range(items.begin, items.end);
    batch.erase_range(descriptions.begin, descriptions.end);
    if (kind != FolderKind::search) return {};
    for (char letter : {'v', 'w'}) {
        auto links = folder_range(letter, account, folder);
        batch.erase_range(links.begin, links.end);
    }
    return {};
}

Result<> finish_deletion(Core& core, AccountId account) {
    constexpr std::size_t piece = 2'000;
    std::lock_guard one_at_a_time{core.deletions};
    auto marked = core.kv->get(deletion_key(account));
    if (!marked) return std::unexpected(from(marked.error()));
    if (!*marked) return {};  // another thread has done it
    for (char letter : {'i', 'u'}) {
        auto items = account_range(letter, account);
        for (bool more = true; more;) {
            kv::Batch batch;
            BlobRefs refs{core};
            std::size_t taken = 0;
            auto ok = scan_range(*core.kv, items.begin, items.end, nullptr,
                                 [&](std::string_view key, std::string_view value) {
                                     if (auto blob = blob_of(key, value)) refs.add_ref(*blob, -1);
                                     batch.erase(key);
                                     return ++taken < piece;
                                 });
            if (!ok) return ok;
            more = taken == piece;
            if (ok = refs.put(batch, BlobRefs::Missing::ignore); !ok) return ok;
            if (ok = core.write(std::move(batch)); !ok) return ok;
        }
    }
    kv::Batch batch;
    for (char letter : {'i', 'd', 'f', 's', 'c', 'n', 'p', 'r', 'u', 'j', 'v', 'w'}) {
        auto range = account_range(letter, account);
        batch.erase_range(range.begin, range.end);
    }
    batch.erase(account_key(account));  // written again by what changed the account after the mark was set
    batch.erase(deletion_key(account));
    return core.write(std::move(batch));
}

}  // namespace postrider::mailstore
