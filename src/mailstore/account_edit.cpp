#include "mailstore/account_edit.h"

#include <algorithm>

#include "mailstore/names.h"

namespace postrider::mailstore {

AccountEdit::FolderEdit& AccountEdit::folder(FolderState& state) {
    for (FolderEdit& edit : folders_)
        if (edit.state == &state) return edit;
    folders_.push_back({&state, state.record.n, std::nullopt, {}, {}});
    touched_.push_back(state.id);
    return folders_.back();
}

void AccountEdit::note(kv::Batch& batch, Change::Kind kind, FolderId folder, UidSet uids, ModSeq modseq) {
    ChangeRecord record{kind, folder, impl_.core.now_seconds(), std::move(uids)};
    scratch_.clear();
    mailstore::put(scratch_, record);
    batch.put(change_key(impl_.account_id, modseq), scratch_);
    noted_.push_back({kind, modseq, folder, std::move(record.uids)});
}

ModSeq AccountEdit::change(kv::Batch& batch, Change::Kind kind, FolderEdit& folder, UidSet uids) {
    ModSeq modseq = next_modseq();
    folder.n.highest_modseq = modseq;
    note(batch, kind, folder.state->id, std::move(uids), modseq);
    return modseq;
}

ModSeq AccountEdit::change_of_folder(kv::Batch& batch, FolderId folder) {
    ModSeq modseq = next_modseq();
    note(batch, Change::Kind::folder, folder, {}, modseq);
    touched_.push_back(folder);
    reshapes_ = true;
    return modseq;
}

/// What stands in a search folder lies elsewhere, and has been counted there.
bool AccountEdit::counts(const FolderEdit& folder) {
    return folder.state->record.kind != FolderKind::search;
}

void AccountEdit::arrive(kv::Batch& batch, FolderEdit& folder, Item& item) {
    if (folder.arrived.empty()) folder.arrived_modseq = folder.n.highest_modseq = next_modseq();
    item.uid = folder.n.uid_next;
    item.modseq = folder.arrived_modseq;
    folder.n.uid_next = Uid{item.uid.value() + 1};
    append(folder.arrived, item.uid);
    ++folder.n.messages;
    folder.n.unseen += (item.flags.system & seen) == 0;
    folder.n.deleted += (item.flags.system & mailstore::deleted) != 0;
    folder.n.bytes += item.size;
    if (counts(folder)) {
        ++account.messages;
        account.bytes += item.size;
    }
    scratch_.clear();
    mailstore::put(scratch_, item);
    batch.put(item_key(impl_.account_id, folder.state->id, item.uid), scratch_);
}

void AccountEdit::describe(kv::Batch& batch, const FolderEdit& folder, Uid uid,
                           std::string_view description) {
    batch.put(description_key(impl_.account_id, folder.state->id, uid), description);
}

void AccountEdit::erase(kv::Batch& batch, FolderId folder, const UidSet& uids) {
    for (const char letter : {'i', 'd'})
        for (const UidRun& run : uids)
            for (std::uint64_t uid = run.first.value(); uid <= run.last.value(); ++uid)
                batch.erase(Key{letter}
                                .be(impl_.account_id.value())
                                .be(folder.value())
                                .be(static_cast<std::uint32_t>(uid)));
}

namespace {
template <class T>
void take(T& counter, std::uint64_t by) {  // a damaged counter stops at 0 instead of turning over
    counter = counter < by ? 0 : static_cast<T>(counter - by);
}
}  // namespace

void AccountEdit::leave(FolderEdit& folder, const Item& item) {
    take(folder.n.messages, 1);
    take(folder.n.unseen, (item.flags.system & seen) == 0);
    take(folder.n.deleted, (item.flags.system & mailstore::deleted) != 0);
    take(folder.n.bytes, item.size);
    if (!counts(folder)) return;
    take(account.messages, 1);
    take(account.bytes, item.size);
}

void AccountEdit::recount(FolderEdit& folder, const Flags& before, const Flags& after) {
    auto count = [&](std::uint32_t& counter, bool was, bool is) {
        if (is && !was) ++counter;
        if (was && !is) take(counter, 1);
    };
    count(folder.n.unseen, !(before.system & seen), !(after.system & seen));
    count(folder.n.deleted, before.system & mailstore::deleted, after.system & mailstore::deleted);
}

std::optional<std::size_t> AccountEdit::keyword(FolderEdit& folder, std::string_view name, bool create) {
    const auto& table = folder.keywords ? *folder.keywords : folder.state->record.keywords;
    for (std::size_t i = 0; i < table.size(); ++i)
        if (same_keyword(table[i], name)) return i;
    if (!create || table.size() >= max_keywords || !is_keyword(name)) return std::nullopt;
    if (!folder.keywords) folder.keywords = folder.state->record.keywords;
    folder.keywords->emplace_back(name);
    return folder.keywords->size() - 1;
}

void AccountEdit::put(kv::Batch& batch) {
    for (FolderEdit& folder : folders_) {
        if (!folder.arrived.empty())
            note(batch, Change::Kind::added, folder.state->id, folder.arrived, folder.arrived_modseq);
        FolderRecord& record = folder.state->record;
        record.epoch = impl_.core.epoch;  // true of memory whether or not the batch succeeds
        scratch_.clear();
        mailstore::put(scratch_, record, folder.n, folder.keywords ? *folder.keywords : record.keywords);
        batch.put(folder_key(impl_.account_id, folder.state->id), scratch_);
    }
    account.epoch = impl_.core.epoch;
    scratch_.clear();
    mailstore::put(scratch_, account);
    batch.put(account_key(impl_.account_id), scratch_);
}

void AccountEdit::apply() {
    std::lock_guard lock{impl_.state_mutex};
    for (FolderEdit& folder : folders_) {
        folder.state->record.n = folder.n;
        folder.state->recent_claimed = false;  // it was written with the rest
        if (folder.keywords) folder.state->record.keywords = std::move(*folder.keywords);
    }
    std::sort(noted_.begin(), noted_.end(),
              [](const Change& a, const Change& b) { return a.modseq < b.modseq; });
    for (Change& change : noted_) impl_.newest.add(std::move(change));
    noted_.clear();
    impl_.record = account;
    impl_.visible_modseq.store(account.modseq, std::memory_order_release);
}

}  // namespace postrider::mailstore
