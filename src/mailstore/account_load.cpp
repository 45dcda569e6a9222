#include "mailstore/account_edit.h"
#include "mailstore/account_impl.h"
#include "mailstore/columns.h"
#include "mailstore/errors.h"
#include "mailstore/scan.h"

namespace postrider::mailstore {

Result<> AccountImpl::load() {
    std::lock_guard lock{mutex};
    if (!loaded_) {
        loaded_ = read_state();
        if (*loaded_) loaded_ = skip_lost_ids();
    }
    return *loaded_;
}

Result<> AccountImpl::reload() {
    core.rosters.forget(account_id);
    core.columns.forget(account_id);
    if (auto ok = read_state(); !ok) return ok;
    return skip_lost_ids();
}

Result<> AccountImpl::read_state() {
    auto value = core.kv->get(account_key(account_id));
    if (!value) return std::unexpected(from(value.error()));
    if (!*value) return fail(MailError::no_such_account, "no such account");
    auto decoded = decode_account(**value);
    if (!decoded) {
        core.log.error({}, "record of account {} is damaged: repair it", account_id.value());
        return fail(MailError::corrupt, "record of the account is damaged");
    }
    std::map<std::uint32_t, FolderState> folders;
    auto range = account_range('f', account_id);
    auto ok = scan_range(*core.kv, range.begin, range.end, nullptr,
                         [&](std::string_view key, std::string_view bytes) {
                             FolderState state;
                             state.id = FolderId{last_u32(key)};
                             if (auto folder = decode_folder(bytes)) {
                                 state.record = std::move(*folder);
                             } else {
                                 core.log.error({}, "record of folder {} of account {} is damaged: repair it",
                                                state.id.value(), account_id.value());
                                 state.damaged = true;
                                 state.record.selectable = false;
                                 state.record.name = fmt::format("Damaged folder {}", state.id.value());
                             }
                             folders.emplace(state.id.value(), std::move(state));
                             return true;
                         });
    if (!ok) return ok;
    std::set<std::string> names;
    range = account_range('s', account_id);
    ok = scan_range(*core.kv, range.begin, range.end, nullptr, [&](std::string_view key, std::string_view) {
        names.emplace(key.substr(9));
        return true;
    });
    if (!ok) return ok;

    std::lock_guard lock{state_mutex};
    record = *decoded;
    newest.restart(ModSeq{record.modseq});
    table = std::move(folders);
    subscribed = std::move(names);
    rebuild_paths();
    reshaped();
    visible_modseq.store(record.modseq, std::memory_order_release);
    return {};
}

/// After unclean stops: what may have been given out and lost is skipped, once for each stop, because an
/// account that was not touched in between has not noted the earlier ones. Readers of the change log learn
/// that the skipped UIDs are not there, should they have seen one.
Result<> AccountImpl::skip_lost_ids() {
    if (record.epoch >= core.epoch) return {};
    AccountEdit edit{*this};
    const std::uint64_t gap = std::uint64_t{core.epoch - record.epoch} * id_gap;
    edit.account.modseq += gap;
    kv::Batch batch;
    for (auto& [id, state] : table) {
        if (state.damaged || !state.record.selectable || state.record.epoch >= core.epoch) continue;
        const std::uint64_t uid_gap = std::uint64_t{core.epoch - state.record.epoch} * id_gap;
        AccountEdit::FolderEdit& folder = edit.folder(state);
        Uid first = folder.n.uid_next;
        folder.n.uid_next = Uid{static_cast<std::uint32_t>(
            std::min<std::uint64_t>(first.value() + uid_gap, highest_uid.value()))};
        Uid last{folder.n.uid_next.value() - 1};
        if (last < first) continue;
        edit.change(batch, Change::Kind::expunged, folder, {{first, last}});
    }
    edit.put(batch);
    if (auto ok = core.write(std::move(batch)); !ok) return ok;
    edit.apply();
    return {};
}

Result<> AccountImpl::usable() const {
    if (deleted) return fail(MailError::no_such_account, "the account was deleted");
    return {};
}

Result<FolderState*> AccountImpl::selectable(FolderId folder) {
    if (deleted) return fail(MailError::no_such_account, "the account was deleted");
    auto at = table.find(folder.value());
    if (at == table.end()) return fail(MailError::no_such_folder, "no such folder");
    if (at->second.damaged) return fail(MailError::corrupt, "record of the folder is damaged");
    if (!at->second.record.selectable) return fail(MailError::no_such_folder, "folder cannot be selected");
    return &at->second;
}

FolderState* AccountImpl::by_path(std::string_view path) {
    auto at = paths.find(std::string{path});
    return at == paths.end() ? nullptr : &table.find(at->second)->second;
}

bool AccountImpl::has_children(FolderId folder) const {
    for (const auto& [id, state] : table)
        if (state.record.parent == folder) return true;
    return false;
}

std::string AccountImpl::path_of(FolderId folder) const {
    std::string path;
    // The bound ends a ring of parents, which only damage could make.
    for (std::size_t level = 0; folder.value() != 0 && level < 64; ++level) {
        auto at = table.find(folder.value());
        if (at == table.end()) break;
        path.insert(0, path.empty() ? at->second.record.name : at->second.record.name + '/');
        folder = at->second.record.parent;
    }
    return path;
}

void AccountImpl::rebuild_paths() {
    paths.clear();
    for (const auto& [id, state] : table) paths.emplace(path_of(state.id), id);
}

FolderInfo AccountImpl::info_of(const FolderState& state) const {
    FolderInfo info;
    const FolderRecord& r = state.record;
    info.id = state.id;
    info.parent = r.parent;
    info.path = path_of(state.id);
    info.kind = r.kind;
    info.special_use = r.special_use;
    info.subscribed = subscribed.contains(info.path);
    info.selectable = r.selectable;
    info.uid_validity = r.uid_validity;
    info.uid_next = r.n.uid_next;
    info.recent_from = r.n.recent_from;
    info.highest_modseq = r.n.highest_modseq;
    info.messages = r.n.messages;
    info.unseen = r.n.unseen;
    info.deleted = r.n.deleted;
    info.bytes = r.n.bytes;
    info.keywords = r.keywords;
    return info;
}

}  // namespace postrider::mailstore
