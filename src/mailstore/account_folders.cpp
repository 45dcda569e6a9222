#include <algorithm>

#include "mailstore/account_edit.h"
#include "mailstore/account_impl.h"
#include "mailstore/errors.h"
#include "mailstore/folder_removal.h"
#include "mailstore/names.h"
#include "mailstore/new_folder.h"
#include "mailstore/own_names.h"
#include "mailstore/scan.h"
#include "mailstore/undelete.h"

namespace postrider::mailstore {
namespace {

/// Whoever makes a folder is held to this: people, filters, imports and administrators.
Result<> own_name(const Core& core, AccountId account, std::string_view path) {
    const auto* names = dynamic_cast<const OwnNames*>(core.quota);
    if (names == nullptr || !names->leads_elsewhere(account, path.substr(0, path.find('/')))) return {};
    return fail(MailError::bad_name, "that name stands for folders that are not the account's own");
}

}  // namespace

inline constexpr std::size_t max_subscriptions = 20'000;
inline constexpr std::uint32_t removed_at_once = 20'000;  ///< messages; bounds the memory of the batch

Result<std::vector<FolderInfo>> AccountImpl::folders() {
    std::vector<FolderInfo> all;
    {
        std::lock_guard lock{state_mutex};
        if (auto ok = usable(); !ok) return std::unexpected(ok.error());
        all.reserve(table.size());
        for (const auto& [id, state] : table) all.push_back(info_of(state));
    }
    std::sort(all.begin(), all.end(), [](const FolderInfo& a, const FolderInfo& b) {
        bool a_inbox = a.path == "INBOX", b_inbox = b.path == "INBOX";
        return a_inbox != b_inbox ? a_inbox : a.path < b.path;
    });
    return all;
}

Result<FolderInfo> AccountImpl::folder(std::string_view path) {
    auto normal = normal_path(path);
    if (!normal) return fail(MailError::no_such_folder, "no such folder");
    std::lock_guard lock{state_mutex};
    if (auto ok = usable(); !ok) return std::unexpected(ok.error());
    FolderState* state = by_path(*normal);
    if (!state) return fail(MailError::no_such_folder, "no such folder");
    return info_of(*state);
}

Result<FolderInfo> AccountImpl::folder(FolderId id) {
    std::lock_guard lock{state_mutex};
    if (auto ok = usable(); !ok) return std::unexpected(ok.error());
    auto at = table.find(id.value());
    if (at == table.end()) return fail(MailError::no_such_folder, "no such folder");
    return info_of(at->second);
}

Result<FolderInfo> AccountImpl::create_folder(std::string_view path, FolderKind kind, SpecialUse use) {
    auto normal = normal_path(path);
    if (!normal) return std::unexpected(normal.error());
    if (auto ok = own_name(core, account_id, *normal); !ok) return std::unexpected(ok.error());
    FolderInfo made;
    {
        std::lock_guard lock{mutex};
        if (auto ok = usable(); !ok) return std::unexpected(ok.error());
        FolderState* there = by_path(*normal);
        if (there && (there->damaged || there->record.selectable))
            return fail(MailError::exists, "a folder of that name exists");
        if (auto ok = core.before_giving_out(max_path_levels); !ok) return std::unexpected(ok.error());
        AccountEdit edit{*this};
        NewFolders fresh{*this, edit};
        kv::Batch batch;
        auto id = fresh.make(batch, *normal, kind, use);
        if (!id) return std::unexpected(id.error());
        edit.put(batch);
        if (auto ok = core.write(std::move(batch)); !ok) return std::unexpected(ok.error());
        edit.apply();
        {
            std::lock_guard state_lock{state_mutex};
            fresh.apply();
            made = info_of(table.find(id->value())->second);
        }
        edit.notify();
    }
    if (auto ok = core.sync(); !ok) return std::unexpected(ok.error());
    return made;
}

Result<> AccountImpl::delete_folder(FolderId id) {
    // Not so for a search folder: what is expunged there is expunged where it really lies.
    if (auto info = folder(id); info && info->selectable && info->messages > removed_at_once
                                && info->path != "INBOX" && info->kind != FolderKind::search)
        if (auto ok = expunge(id, std::nullopt, false); !ok) return std::unexpected(ok.error());
    {
        std::lock_guard lock{mutex};
        if (auto ok = usable(); !ok) return ok;
        auto at = table.find(id.value());
        if (at == table.end()) return fail(MailError::no_such_folder, "no such folder");
        FolderState& state = at->second;
        const std::string path = path_of(id);
        if (path == "INBOX") return fail(MailError::inbox, "INBOX cannot be deleted");  // RFC 9051 §6.3.5
        const bool stays = has_children(id);
        if (stays && !state.record.selectable)
            return fail(MailError::has_children, "folder has folders in it");
        if (auto ok = core.before_giving_out(1); !ok) return ok;

        AccountEdit edit{*this};
        kv::Batch batch;
        BlobRefs refs{core};
        UndeleteKeeper kept{edit, state, ModSeq{edit.account.modseq + 1}};
        if (auto ok = remove_items(core, account_id, id, batch, refs, edit.account, kept, state.record.kind);
            !ok)
            return ok;
        if (auto ok = refs.put(batch, BlobRefs::Missing::ignore); !ok) return ok;
        FolderRecord left = state.record;
        left.epoch = core.epoch;
        left.selectable = false;
        left.special_use = SpecialUse::none;
        left.uid_validity = 0;
        left.n = {};
        left.keywords.clear();
        if (stays)
            batch.put(folder_key(account_id, id), encoded(left));
        else
            batch.erase(folder_key(account_id, id));
        batch.erase(access_key(account_id, id));  // RFC 4314 §4: with the name that stays too
        edit.change_of_folder(batch, id);
        edit.put(batch);
        if (auto ok = core.write(std::move(batch)); !ok) return ok;
        edit.apply();
        {
            std::lock_guard state_lock{state_mutex};
            if (stays) {
                state.record = std::move(left);
            } else {
                paths.erase(path);
                table.erase(at);
            }
        }
        kept.check_limit();
        edit.notify();
    }
    return core.sync();
}

Result<> AccountImpl::rename_folder(FolderId id, std::string_view new_path) {
    auto normal = normal_path(new_path);
    if (!normal) return std::unexpected(normal.error());
    if (auto ok = own_name(core, account_id, *normal); !ok) return ok;
    {
        std::unique_lock lock{mutex};
        if (auto ok = usable(); !ok) return ok;
        auto at = table.find(id.value());
        if (at == table.end()) return fail(MailError::no_such_folder, "no such folder");
        FolderState& state = at->second;
        if (state.damaged) return fail(MailError::corrupt, "record of the folder is damaged");
        if (by_path(*normal)) return fail(MailError::exists, "a folder of that name exists");
        const std::string old_path = path_of(id);
        if (old_path == "INBOX") {
            lock.unlock();
            return rename_inbox(id, *normal);
        }
        if (normal->starts_with(old_path + '/'))
            return fail(MailError::bad_name, "a folder cannot be moved into itself");
        for (const auto& [other, child] : table) {  // what lies in it must still have a possible name
            std::string path = path_of(child.id);
            if (path.starts_with(old_path + '/'))
                if (auto ok = normal_path(*normal + path.substr(old_path.size())); !ok)
                    return std::unexpected(ok.error());
        }
        if (auto ok = core.before_giving_out(max_path_levels); !ok) return ok;

        AccountEdit edit{*this};
        NewFolders fresh{*this, edit};
        kv::Batch batch;
        FolderRecord renamed = state.record;
        const std::size_t slash = normal->rfind('/');
        renamed.parent = FolderId{};
        if (slash != std::string::npos) {
            std::string parent = normal->substr(0, slash);
            if (FolderState* there = by_path(parent)) {
                renamed.parent = there->id;
            } else {
                auto made = fresh.make(batch, parent, renamed.kind, SpecialUse::none);
                if (!made) return std::unexpected(made.error());
                renamed.parent = *made;
            }
        }
        renamed.name = slash == std::string::npos ? *normal : normal->substr(slash + 1);
        renamed.epoch = core.epoch;
        batch.put(folder_key(account_id, id), encoded(renamed));
        edit.change_of_folder(batch, id);
        // RFC 9051 §6.3.8 keeps the old name subscribed; the new one is too, so that the folder does not
        // vanish from clients that list subscriptions.
        const bool follows = subscribed.contains(old_path) && !subscribed.contains(*normal);
        if (follows) batch.put(subscription_key(account_id, *normal), "\x01");
        edit.put(batch);
        if (auto ok = core.write(std::move(batch)); !ok) return ok;
        edit.apply();
        {
            std::lock_guard state_lock{state_mutex};
            state.record = std::move(renamed);
            if (follows) subscribed.insert(*normal);
            fresh.apply();
            rebuild_paths();
        }
        edit.notify();
    }
    return core.sync();
}

Result<> AccountImpl::subscribe(std::string_view path, bool on) {
    auto normal = normal_path(path);
    if (!normal) return std::unexpected(normal.error());
    std::lock_guard lock{mutex};
    if (auto ok = usable(); !ok) return ok;
    if (subscribed.contains(*normal) == on) return {};
    if (on && subscribed.size() >= max_subscriptions)
        return fail(MailError::over_quota, "too many subscriptions");
    if (auto ok = core.before_giving_out(1); !ok) return ok;
    AccountEdit edit{*this};
    kv::Batch batch;
    if (on)
        batch.put(subscription_key(account_id, *normal), "\x01");
    else
        batch.erase(subscription_key(account_id, *normal));
    FolderState* state = by_path(*normal);
    edit.change_of_folder(batch, state ? state->id : FolderId{});
    edit.put(batch);
    if (auto ok = core.write(std::move(batch)); !ok) return ok;
    edit.apply();
    {
        std::lock_guard state_lock{state_mutex};
        if (on)
            subscribed.insert(*normal);
        else
            subscribed.erase(*normal);
    }
    edit.notify();
    return {};
}

Result<std::vector<std::string>> AccountImpl::subscriptions() {
    std::lock_guard lock{state_mutex};
    if (auto ok = usable(); !ok) return std::unexpected(ok.error());
    return std::vector<std::string>{subscribed.begin(), subscribed.end()};
}

Quota AccountImpl::quota() {
    QuotaLimits limits = core.limits(account_id);
    std::lock_guard lock{state_mutex};
    Quota quota;
    quota.used_bytes = record.bytes;
    quota.limit_bytes = limits.bytes;
    quota.used_messages = record.messages;
    quota.limit_messages = limits.messages;
    quota.used_folders = table.size();
    quota.limit_folders = limits.folders;
    quota.deleted_bytes = record.deleted_bytes;
    quota.deleted_messages = record.deleted_messages;
    return quota;
}

}  // namespace postrider::mailstore
