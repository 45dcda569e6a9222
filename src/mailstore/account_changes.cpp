#include "mailstore/account_edit.h"
#include "mailstore/account_impl.h"
#include "mailstore/errors.h"
#include "mailstore/scan.h"

namespace postrider::mailstore {

Result<Account::Changes> AccountImpl::changes(ModSeq since, std::optional<FolderId> folder) {
    Changes found;
    {
        std::lock_guard lock{state_mutex};
        if (!deleted && since.value() >= record.floor && newest.reach_back_to(since)) {
            found.upto = ModSeq{record.modseq};
            newest.each_after(since, [&](const Change& change) {
                if (!folder || change.folder == *folder) found.changes.push_back(change);
            });
            if (found.changes.size() <= core.options.changes_at_once) return found;
            found.changes.clear();
        }
    }
    auto snapshot = core.kv->snapshot();
    auto value = core.kv->get(account_key(account_id), snapshot.get());
    if (!value) return std::unexpected(from(value.error()));
    if (!*value) return fail(MailError::no_such_account, "the account was deleted");
    auto account = decode_account(**value);
    if (!account) return fail(MailError::corrupt, "record of the account is damaged");
    found.upto = ModSeq{account->modseq};
    found.complete = since.value() >= account->floor;
    if (since >= found.upto) return found;
    auto ok = scan_range(
        *core.kv, change_key(account_id, ModSeq{since.value() + 1}),
        change_key(account_id, found.upto).after(), snapshot.get(),
        [&](std::string_view key, std::string_view bytes) {
            auto change = decode_change(bytes);
            if (!change) {
                core.log.error({}, "a change of account {} is damaged: repair it", account_id.value());
                found.complete = false;
                return true;
            }
            if (folder && change->folder != *folder) return true;
            if (found.changes.size() >= core.options.changes_at_once) {
                found.complete = false;  // the reader had better look at everything
                return false;
            }
            found.changes.push_back(
                {change->kind, ModSeq{last_u64(key)}, change->folder, std::move(change->uids)});
            return true;
        });
    if (!ok) return std::unexpected(ok.error());
    return found;
}

Account::Watch AccountImpl::watch(std::optional<FolderId> folder, std::function<void()> changed) {
    struct Token {  // keeps the account in the cache, so that what watches it is what changes it
        std::shared_ptr<AccountImpl> account;
        std::shared_ptr<void> watcher;
    };
    return std::make_shared<Token>(Token{shared_from_this(), watchers.add(folder, std::move(changed))});
}

Result<> AccountImpl::trim_changes() {
    const ChangeRetention& keep = core.options.change_retention;
    std::lock_guard lock{mutex};
    if (deleted || record.modseq - record.floor <= keep.count) return {};
    const std::uint64_t may_go = record.modseq - keep.count;  // each number is one change at most
    const std::int64_t old = core.now_seconds() - keep.age.count();
    std::uint64_t upto = record.floor;
    if (record.modseq - record.floor > keep.at_most) upto = record.modseq - keep.at_most;
    auto ok = scan_range(*core.kv, change_key(account_id, ModSeq{upto + 1}),
                         change_key(account_id, ModSeq{may_go}).after(), nullptr,
                         [&](std::string_view key, std::string_view bytes) {
                             auto change = decode_change(bytes);
                             if (change && change->time > old) return false;
                             upto = last_u64(key);
                             return true;
                         });
    if (!ok) return ok;
    if (upto == record.floor) return {};
    AccountEdit edit{*this};
    edit.account.floor = upto;
    kv::Batch batch;
    batch.erase_range(change_key(account_id, ModSeq{0}), change_key(account_id, ModSeq{upto + 1}));
    edit.put(batch);
    if (ok = core.write(std::move(batch)); !ok) return ok;
    edit.apply();
    return {};
}

}  // namespace postrider::mailstore
