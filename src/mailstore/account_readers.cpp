#include "mailstore/account_edit.h"
#include "mailstore/account_impl.h"
#include "mailstore/commit_edit.h"
#include "mailstore/errors.h"
#include "mailstore/scan.h"
#include "mailstore/uid_set.h"

/// What people have read in folders of others without sharing \Seen with them.
namespace postrider::mailstore {
namespace {

Result<UidSet> read_seen(AccountImpl& impl, AccountId reader, FolderId folder) {
    auto value = impl.core.kv->get(reader_key(impl.account_id, folder, reader));
    if (!value) return std::unexpected(from(value.error()));
    if (!*value) return UidSet{};
    auto uids = decode_uids(**value);
    if (!uids) {  // what was read is read again: no reason to refuse the folder
        impl.core.log.error({}, "what account {} has read in folder {} of account {} is damaged",
                            reader.value(), folder.value(), impl.account_id.value());
        return UidSet{};
    }
    return std::move(*uids);
}

/// What was expunged needs no room: looked at when there are many more runs than messages.
Result<UidSet> trimmed(AccountImpl& impl, FolderId folder, UidSet uids, std::uint32_t messages) {
    if (uids.size() < 1'000 + std::size_t{messages}) return uids;
    UidSet there;
    auto ok = scan_folder(*impl.core.kv, 'i', impl.account_id, folder, every_uid(), nullptr,
                          [&](Uid uid, std::string_view) {
                              append(there, uid);
                              return true;
                          });
    if (!ok) return std::unexpected(ok.error());
    return intersect(uids, there);
}

}  // namespace

Result<UidSet> AccountImpl::seen_by(AccountId reader, FolderId folder) {
    return read_seen(*this, reader, folder);
}

Result<Account::Stored> AccountImpl::mark_seen_by(AccountId reader, FolderId folder, const UidSet& uids,
                                                  Seen how, std::optional<ModSeq> unchanged_since) {
    std::unique_lock lock{mutex};
    auto state = selectable(folder);
    if (!state) return std::unexpected(state.error());
    if (auto ok = core.before_giving_out(1); !ok) return std::unexpected(ok.error());
    auto before = read_seen(*this, reader, folder);
    if (!before) return std::unexpected(before.error());
    AccountEdit edit{*this};
    AccountEdit::FolderEdit& box = edit.folder(**state);
    Stored stored;
    UidSet touched;
    kv::Batch batch;
    std::string value;
    const ModSeq modseq{record.modseq + 1};
    auto ok =
        scan_folder(*core.kv, 'i', account_id, folder, uids, nullptr, [&](Uid uid, std::string_view bytes) {
            auto item = decode_item(uid, bytes);
            if (!item) return true;
            if (unchanged_since && item->modseq > *unchanged_since) {
                mailstore::append(stored.modified, uid);
                return true;
            }
            if (contains(*before, uid) != (how == Seen::yes)) {
                item->modseq = modseq;
                value.clear();
                put(value, *item);
                batch.put(item_key(account_id, folder, uid), value);
                mailstore::append(touched, uid);
            }
            item->prefix = {};
            item->flags.system &= static_cast<std::uint8_t>(~seen);
            if (how == Seen::yes) item->flags.system |= seen;
            stored.changed.push_back(*item);
            return true;
        });
    if (!ok) return std::unexpected(ok.error());
    stored.modseq = box.n.highest_modseq;
    if (touched.empty()) return stored;
    auto after =
        trimmed(*this, folder, how == Seen::yes ? unite(*before, touched) : subtract(*before, touched),
                box.n.messages);
    if (!after) return std::unexpected(after.error());
    if (after->empty())
        batch.erase(reader_key(account_id, folder, reader));
    else
        batch.put(reader_key(account_id, folder, reader), encoded(*after));
    stored.anything = true;
    stored.modseq = edit.change(batch, Change::Kind::flags, box, std::move(touched));
    if (ok = commit(edit, std::move(batch), lock); !ok) return std::unexpected(ok.error());
    return stored;
}

}  // namespace postrider::mailstore
