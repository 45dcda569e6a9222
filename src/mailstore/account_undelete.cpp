#include <algorithm>

#include "mailstore/account_edit.h"
#include "mailstore/account_impl.h"
#include "mailstore/commit_edit.h"
#include "mailstore/errors.h"
#include "mailstore/scan.h"
#include "mailstore/undelete.h"

/// What was expunged and can be restored.
namespace postrider::mailstore {
namespace {

constexpr std::size_t restored_at_once = 256;  // each is read and described while the account is locked
constexpr std::size_t purged_at_once = 1'000;

void count_off(AccountRecord& record, std::uint64_t bytes) {  // damaged counters stop at 0
    record.deleted_messages -= record.deleted_messages > 0;
    record.deleted_bytes -= std::min(record.deleted_bytes, bytes);
}

}  // namespace

Result<> AccountImpl::each_deleted(const DeletedId& after,
                                   const std::function<bool(const DeletedItem&)>& visit) {
    {
        std::lock_guard lock{state_mutex};
        if (auto ok = usable(); !ok) return ok;
    }
    const Key begin = undelete_key(account_id, after).after();
    const auto range = account_range('u', account_id);
    return scan_range(*core.kv, begin, range.end, nullptr, [&](std::string_view key, std::string_view value) {
        if (auto item = decode_deleted(key, value)) return visit(*item);
        core.log.error({}, "record of a deleted message of account {} is damaged: repair it",
                       account_id.value());
        return true;
    });
}

/// The folder it was in, by whatever name it now has, or a folder of the name that it had.
Result<FolderId> AccountImpl::folder_for_undeleted(const DeletedItem& item, Undeleted& undeleted) {
    if (auto there = folder(item.id.folder); there && there->selectable) return there->id;
    if (auto there = folder(item.path); there && there->selectable) return there->id;
    SpecialUse use = item.special_use;
    {
        std::lock_guard lock{state_mutex};
        for (const auto& [id, state] : table)  // another folder may have its use by now
            if (state.record.special_use == use) use = SpecialUse::none;
    }
    auto made = create_folder(item.path, item.kind, use);
    if (!made && made.error().kind == MailError::exists)
        made = folder(item.path);  // made by another just now
    if (!made) return std::unexpected(made.error());
    undeleted.folders.push_back(made->path);
    return made->id;
}

Result<std::uint64_t> AccountImpl::undelete_some(FolderId to, std::span<const DeletedId> which) {
    std::unique_lock lock{mutex};
    auto target = selectable(to);
    if (!target) return std::unexpected(target.error());
    if ((*target)->record.kind == FolderKind::search)
        return fail(MailError::no_such_folder, "a search folder takes no messages");
    if (auto ok = core.before_giving_out(which.size() + 1); !ok) return std::unexpected(ok.error());
    AccountEdit edit{*this};
    AccountEdit::FolderEdit& box = edit.folder(**target);
    kv::Batch batch;
    std::uint64_t restored = 0;
    std::string whole;
    for (const DeletedId& id : which) {
        const Key key = undelete_key(account_id, id);
        auto value = core.kv->get(key);
        if (!value) return std::unexpected(from(value.error()));
        auto gone = *value ? decode_deleted(key, **value) : std::nullopt;
        if (!gone) continue;
        auto stored = core.read(gone->item.blob);
        if (!stored && stored.error().kind == MailError::storage) return std::unexpected(stored.error());
        if (!stored) {  // no reason to keep the others from coming back
            core.log.error({}, "deleted message {} of account {} cannot be read: {}", id.uid.value(),
                           account_id.value(), stored.error().what);
            continue;
        }
        if (!AccountEdit::has_uids(box, 1)) return fail(MailError::storage, "folder has no UIDs left");
        Item item = gone->item;
        item.flags.system &= static_cast<std::uint8_t>(~mailstore::deleted);
        for (const std::string& keyword : gone->keywords)  // not left deleted for want of a keyword
            if (auto bit = AccountEdit::keyword(box, keyword, true)) item.flags.set_keyword(*bit);
        item.save_date = core.now_seconds();
        whole.assign(item.prefix).append(stored->payload);
        edit.arrive(batch, box, item);
        edit.describe(batch, box, item.uid, mime::describe(whole).encode());
        batch.erase(key);
        count_off(edit.account, item.size);
        ++restored;
    }
    if (restored == 0) return restored;
    const QuotaLimits limits = core.limits(account_id, box.state->id);
    auto over = [](std::uint64_t used, std::uint64_t limit) { return limit != 0 && used > limit; };
    if (over(edit.account.bytes, limits.bytes) || over(edit.account.messages, limits.messages)
        || over(box.n.bytes, limits.folder_bytes) || over(box.n.messages, limits.folder_messages))
        return fail(MailError::over_quota, "over quota");
    if (auto ok = commit(edit, std::move(batch), lock); !ok) return std::unexpected(ok.error());
    return restored;
}

Result<Account::Undeleted> AccountImpl::undelete(std::vector<DeletedId> which,
                                                 const std::optional<std::string>& into) {
    Undeleted undeleted;
    std::sort(which.begin(), which.end());
    which.erase(std::unique(which.begin(), which.end()), which.end());
    std::map<std::pair<FolderId, std::string>, FolderId> known;  // where they were -> where they go
    std::optional<FolderId> target;
    std::vector<DeletedId> some;
    auto flush = [&]() -> Result<> {
        if (some.empty()) return {};
        auto restored = undelete_some(*target, some);
        if (!restored) return std::unexpected(restored.error());
        undeleted.messages += *restored;
        undeleted.gone += some.size() - *restored;
        some.clear();
        return {};
    };
    for (const DeletedId& id : which) {
        const Key key = undelete_key(account_id, id);
        auto value = core.kv->get(key);
        if (!value) return std::unexpected(from(value.error()));
        auto gone = *value ? decode_deleted(key, **value) : std::nullopt;
        if (!gone) {
            ++undeleted.gone;
            continue;
        }
        if (into) gone->path = *into, gone->id.folder = {}, gone->special_use = SpecialUse::none;
        auto [at, fresh] = known.try_emplace({gone->id.folder, gone->path});
        if (fresh) {
            auto folder = folder_for_undeleted(*gone, undeleted);
            if (!folder) return std::unexpected(folder.error());
            at->second = *folder;
        }
        if (target != at->second || some.size() == restored_at_once)
            if (auto ok = flush(); !ok) return std::unexpected(ok.error());
        target = at->second;
        some.push_back(id);
    }
    if (auto ok = flush(); !ok) return std::unexpected(ok.error());
    if (auto ok = core.sync(); !ok) return std::unexpected(ok.error());
    return undeleted;
}

/// Gives up, oldest first, what was expunged up to that second and whatever passes `keep_bytes` (0: no
/// limit), at most so many.
Result<std::uint64_t> AccountImpl::purge(std::int64_t upto, std::uint64_t keep_bytes, std::size_t at_most) {
    std::lock_guard lock{mutex};
    if (auto ok = usable(); !ok) return std::unexpected(ok.error());
    AccountEdit edit{*this};
    kv::Batch batch;
    BlobRefs refs{core};
    std::uint64_t purged = 0;
    const auto range = account_range('u', account_id);
    auto ok = scan_range(
        *core.kv, range.begin, range.end, nullptr, [&](std::string_view key, std::string_view value) {
            auto gone = decode_deleted(key, value);
            const bool too_much = keep_bytes != 0 && edit.account.deleted_bytes > keep_bytes;
            if (gone && gone->time > upto && !too_much) return false;
            if (gone) {
                refs.add_ref(gone->item.blob, -1);
                count_off(edit.account, gone->item.size);
            } else {
                core.log.error({}, "damaged record of a deleted message of account {} removed",
                               account_id.value());
                count_off(edit.account, 0);
            }
            batch.erase(key);
            return ++purged < at_most;
        });
    if (!ok) return std::unexpected(ok.error());
    if (purged == 0) return purged;
    if (ok = refs.put(batch, BlobRefs::Missing::ignore); !ok) return std::unexpected(ok.error());
    edit.put(batch);
    if (ok = core.write(std::move(batch)); !ok) return std::unexpected(ok.error());
    edit.apply();
    return purged;
}

Result<std::uint64_t> AccountImpl::purge_deleted(Time before) {
    const std::int64_t upto = std::chrono::floor<std::chrono::seconds>(before).time_since_epoch().count() - 1;
    for (std::uint64_t all = 0;;) {
        auto purged = purge(upto, 0, purged_at_once);
        if (!purged) return purged;
        all += *purged;
        if (*purged < purged_at_once) return all;
    }
}

Result<bool> AccountImpl::purge_some(std::size_t at_most) {
    const QuotaLimits limits = core.limits(account_id);
    if (!limits.undelete_for) return false;
    for (std::size_t left = at_most; left > 0;) {
        const std::size_t some = std::min(left, purged_at_once);
        auto purged = purge(core.now_seconds() - limits.undelete_for->count(), limits.undelete_bytes, some);
        if (!purged) return std::unexpected(purged.error());
        if (*purged < some) return false;
        left -= some;
    }
    return true;
}

}  // namespace postrider::mailstore
