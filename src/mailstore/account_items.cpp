#include <algorithm>

#include "mailstore/account_edit.h"
#include "mailstore/account_impl.h"
#include "mailstore/committer.h"
#include "mailstore/current_items.h"
#include "mailstore/errors.h"
#include "mailstore/folder_view.h"
#include "mailstore/scan.h"

namespace postrider::mailstore {

Result<std::unique_ptr<FolderView>> AccountImpl::view(FolderId folder) {
    std::unique_ptr<kv::Snapshot> snapshot;
    FolderInfo info;
    ModSeq known = highest_modseq();  // read before the snapshot is taken
    if (std::unique_lock lock{mutex, std::try_to_lock};
        lock) {  // nobody is writing: memory says what the disk says
        auto state = selectable(folder);
        if (!state) return std::unexpected(state.error());
        snapshot = core.kv->snapshot();
        info = info_of(**state);
    } else {
        // The record of that moment, so that it agrees with the items; the state in memory gives only the
        // name.
        snapshot = core.kv->snapshot();
        auto value = core.kv->get(folder_key(account_id, folder), snapshot.get());
        if (!value) return std::unexpected(from(value.error()));
        if (!*value) return fail(MailError::no_such_folder, "no such folder");
        FolderState at_that_moment;
        at_that_moment.id = folder;
        if (auto decoded = decode_folder(**value))
            at_that_moment.record = std::move(*decoded);
        else
            return fail(MailError::corrupt, "record of the folder is damaged");
        if (!at_that_moment.record.selectable)
            return fail(MailError::no_such_folder, "folder cannot be selected");
        std::lock_guard state_lock{state_mutex};
        if (auto ok = usable(); !ok) return std::unexpected(ok.error());
        if (auto at = table.find(folder.value()); at != table.end() && at->second.recent_claimed)
            at_that_moment.record.n.recent_from =
                std::min(at->second.record.n.recent_from, at_that_moment.record.n.uid_next);
        info = info_of(at_that_moment);
    }
    const Uid none = info.uid_next;
    auto self = shared_from_this();
    return std::make_unique<FolderViewImpl>(std::move(self), std::move(snapshot), std::move(info), none,
                                            known);
}

/// What is \Recent is claimed in memory and written down within a second, or with the folder's next change:
/// after a power cut another session may be told of it once more (RFC 3501 §2.3.2 asks for no more than a
/// good try).
Result<std::unique_ptr<FolderView>> AccountImpl::select(FolderId folder) {
    std::lock_guard lock{mutex};
    auto state = selectable(folder);
    if (!state) return std::unexpected(state.error());
    const ModSeq known = highest_modseq();
    auto snapshot = core.kv->snapshot();
    FolderInfo info = info_of(**state);
    const Uid first_recent = info.recent_from;
    auto self = shared_from_this();
    if (first_recent != info.uid_next) {
        {
            std::lock_guard state_lock{state_mutex};
            (*state)->record.n.recent_from = (*state)->record.n.uid_next;
            (*state)->recent_claimed = true;
        }
        core.recent_claims.add(self);
    }
    return std::make_unique<FolderViewImpl>(std::move(self), std::move(snapshot), std::move(info),
                                            first_recent, known);
}

Result<> AccountImpl::save_recent() {
    std::lock_guard lock{mutex};
    if (deleted) return {};
    kv::Batch batch;
    std::string value;
    for (auto& [id, state] : table) {
        if (!state.recent_claimed) continue;
        value.clear();
        put(value, state.record, state.record.n, state.record.keywords);
        batch.put(folder_key(account_id, state.id), value);
    }
    if (batch.empty()) return {};
    if (auto ok = core.write(std::move(batch)); !ok) return ok;
    std::lock_guard state_lock{state_mutex};
    for (auto& [id, state] : table) state.recent_claimed = false;
    return {};
}

/// What a session sees in a search folder goes from where it lies.
Result<Leaving> AccountImpl::leaving(const Replaced& replaced) {
    auto owner = core.accounts.get(replaced.account);
    if (!owner) return std::unexpected(owner.error());
    Leaving leaves{*owner, replaced.folder, replaced.uid};
    if (!leaves.account->is_search(replaced.folder)) return leaves;
    auto links = leaves.account->links(replaced.folder, UidSet{{replaced.uid, replaced.uid}});
    if (!links) return std::unexpected(links.error());
    if (links->empty()) return fail(MailError::gone, "the search finds that message no longer");
    leaves.folder = links->front().second.folder;
    leaves.uid = links->front().second.uid;
    return leaves;
}

Result<Account::Appended> AccountImpl::append(FolderId folder, std::vector<NewItem> items) {
    auto self = shared_from_this();
    {
        std::lock_guard lock{state_mutex};
        auto at = table.find(folder.value());
        if (deleted || at == table.end() || !at->second.record.selectable)
            return fail(MailError::no_such_folder, "no such folder");
        if (items.empty()) return Appended{at->second.record.uid_validity, {}};
    }
    const Time now = core.clock.now();
    Job job;
    job.strict = true;
    if (core.options.placing) job.location = core.options.placing->location(account_id);
    job.arrivals.reserve(items.size());
    std::vector<Replaced> found;
    for (NewItem& item : items) {
        Arrival& arrival = job.arrivals.emplace_back();
        prepare(arrival, {}, item.payload,
                core.pressure.effort());  // no meta: after a crash it is as if it never was
        arrival.received = item.internal_date.value_or(now);
        Placement& placement = arrival.placements.emplace_back();
        placement.account = self;
        placement.folder = folder;
        placement.flags = item.flags;
        placement.keywords = std::move(item.keywords);
        placement.wanted = item.uid;
        placement.import_mark = item.mark.substr(0, max_import_mark);
        placement.size = arrival.record.payload_size();
        item.payload = {};
        if (!item.replaces) continue;
        auto leaves = leaving(*item.replaces);
        if (!leaves) return std::unexpected(leaves.error());
        if (leaves->folder != item.replaces->folder) found.push_back(*item.replaces);
        placement.replaces = std::move(*leaves);
    }
    if (auto ok = core.commit_and_wait(job); !ok) return std::unexpected(ok.error());
    if (job.failure) return std::unexpected(*job.failure);
    for (const Replaced& one : found)  // what fails here is made good from the change log
        if (auto owner = core.accounts.get(one.account)) (void)(*owner)->drop_link(one.folder, one.uid);
    Appended appended;
    for (const Arrival& arrival : job.arrivals) {
        appended.uid_validity = arrival.placements[0].uid_validity;
        appended.uids.push_back(arrival.placements[0].uid);
    }
    return appended;
}

Result<Account::Stored> AccountImpl::store(FolderId folder, const UidSet& uids, const FlagChange& change,
                                           std::optional<ModSeq> unchanged_since) {
    if (is_search(folder)) return store_linked(folder, uids, change, unchanged_since);
    std::unique_lock lock{mutex};
    auto state = selectable(folder);
    if (!state) return std::unexpected(state.error());
    if (auto ok = core.before_giving_out(1); !ok) return std::unexpected(ok.error());
    AccountEdit edit{*this};
    AccountEdit::FolderEdit& box = edit.folder(**state);

    Flags named;
    named.system = change.system & (seen | answered | flagged | mailstore::deleted | draft);
    for (const std::string& keyword : change.keywords) {
        auto bit = AccountEdit::keyword(box, keyword, change.mode != FlagChange::Mode::remove);
        if (bit)
            named.set_keyword(*bit);
        else if (change.mode != FlagChange::Mode::remove)
            return fail(MailError::too_many_keywords,
                        "folder has too many keywords, or the name is impossible");
    }
    auto changed = [&](Flags flags) {
        switch (change.mode) {
            case FlagChange::Mode::replace: return named;
            case FlagChange::Mode::add:
                flags.system |= named.system;
                for (std::size_t i = 0; i < flags.keywords.size(); ++i)
                    flags.keywords[i] |= named.keywords[i];
                return flags;
            case FlagChange::Mode::remove: break;
        }
        flags.system &= static_cast<std::uint8_t>(~named.system);
        for (std::size_t i = 0; i < flags.keywords.size(); ++i) flags.keywords[i] &= ~named.keywords[i];
        return flags;
    };

    auto apply_to = [&](const Flags& before) {
        Flags after = changed(before);
        after.system = static_cast<std::uint8_t>((after.system & change.may_system)
                                                 | (before.system & ~change.may_system));
        if (!change.may_keywords) after.keywords = before.keywords;
        return after;
    };

    Stored stored;
    UidSet touched;
    std::vector<Item> now;  // for memory, where the folder is there
    kv::Batch batch;
    std::string value;
    const ModSeq modseq{record.modseq + 1};
    CurrentItems items{*this, **state};
    auto ok = items.each(
        uids,
        [&](Item item) {
            if (unchanged_since && item.modseq > *unchanged_since) {
                mailstore::append(stored.modified, item.uid);
                return true;
            }
            const Flags after = apply_to(item.flags);
            if (after != item.flags) {
                AccountEdit::recount(box, item.flags, after);
                item.flags = after;
                item.modseq = modseq;
                value.clear();
                put(value, item);
                batch.put(item_key(account_id, folder, item.uid), value);
                mailstore::append(touched, item.uid);
                if (items.stay()) now.push_back(item);
            }
            item.prefix = {};
            stored.changed.push_back(item);
            return true;
        },
        [&](Uid uid) {
            core.log.error({}, "record of message {} in folder {} of account {} is damaged: repair it",
                           uid.value(), folder.value(), account_id.value());
            return true;
        });
    if (!ok) return std::unexpected(ok.error());
    if (touched.empty() && !box.keywords) {
        stored.modseq = box.n.highest_modseq;
        return stored;
    }
    stored.anything = true;
    stored.modseq = edit.change(batch, Change::Kind::flags, box, touched);
    edit.put(batch);
    if (ok = core.write(std::move(batch)); !ok) return std::unexpected(ok.error());
    edit.apply();
    lock.unlock();
    items.changed(touched, now, stored.modseq);
    edit.notify();
    return stored;
}

}  // namespace postrider::mailstore
