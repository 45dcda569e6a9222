#include <algorithm>

#include "mailstore/errors.h"
#include "mailstore/uid_set.h"
#include "rights/reader_view.h"
#include "rights/shared_account.h"

/// Messages: what the person may do with them. RFC 4314 §4.
namespace postrider::rights {

using mailstore::Account;
using mailstore::fail;
using mailstore::FlagChange;
using mailstore::FolderInfo;
using mailstore::FolderView;
using mailstore::Item;
using mailstore::KeptFlags;
using mailstore::MailError;
using mailstore::UidSet;

namespace {

constexpr std::uint8_t other_flags = mailstore::answered | mailstore::flagged | mailstore::draft;

UidSet set_of(const std::vector<Uid>& uids) {
    std::vector<Uid> ascending = uids;
    std::sort(ascending.begin(), ascending.end());
    UidSet set;
    for (Uid uid : ascending) mailstore::append(set, uid);
    return set;
}

/// Those of `uids` that have \Seen as that account's user sees them.
Result<UidSet> read_among(Account& account, FolderId folder, const UidSet& uids) {
    auto view = account.view(folder);
    if (!view) return std::unexpected(view.error());
    UidSet seen;
    auto ok = (*view)->each_item(uids, [&](const Item& item) {
        if (item.flags.system & mailstore::seen) mailstore::append(seen, item.uid);
        return true;
    });
    if (!ok) return std::unexpected(ok.error());
    return seen;
}

}  // namespace

KeptFlags SharedAccount::kept(RightSet rights) {
    KeptFlags keep;
    keep.system = 0;
    if (rights.has(Right::share_seen)) keep.system |= mailstore::seen;
    if (rights.has(Right::mark_deleted)) keep.system |= mailstore::deleted;
    if (rights.has(Right::write_flags)) keep.system |= other_flags;
    keep.keywords = rights.has(Right::write_flags);
    return keep;
}

/// How many messages the person has not read, where that is his own affair. Counted once for each state of
/// the folder.
Result<> SharedAccount::count_unseen(FolderInfo& info, RightSet rights) {
    if (rights.has(Right::share_seen) || !rights.has(Right::read) || !info.selectable) return {};
    if (auto at = unseen_.find(info.id.value());
        at != unseen_.end() && at->second.at == info.highest_modseq) {
        info.unseen = at->second.count;
        return {};
    }
    auto seen = inner_->seen_by(person_->id, info.id);
    if (!seen) return std::unexpected(seen.error());
    std::uint64_t read = 0;
    if (!seen->empty()) {
        auto view = inner_->view(info.id);
        if (!view) return std::unexpected(view.error());
        auto there = (*view)->uids();
        if (!there) return std::unexpected(there.error());
        read = mailstore::count(mailstore::intersect(*there, *seen));
    }
    info.unseen = static_cast<std::uint32_t>(info.messages - std::min<std::uint64_t>(read, info.messages));
    if (unseen_.size() >= 1'000) unseen_.clear();
    unseen_[info.id.value()] = {info.highest_modseq, info.unseen};
    return {};
}

Result<std::unique_ptr<FolderView>> SharedAccount::as_read(Result<std::unique_ptr<FolderView>> view,
                                                           FolderId folder, RightSet rights) {
    if (!view) return view;
    FolderInfo info = seen_from_outside((*view)->info(), rights);
    UidSet seen;
    if (!rights.has(Right::share_seen)) {
        auto read = inner_->seen_by(person_->id, folder);
        if (!read) return std::unexpected(read.error());
        seen = std::move(*read);
        if (auto ok = count_unseen(info, rights); !ok) return std::unexpected(ok.error());
        return std::make_unique<ReaderView>(std::move(*view), std::move(info), std::move(seen));
    }
    return std::make_unique<ReaderView>(std::move(*view), std::move(info));
}

Result<std::unique_ptr<FolderView>> SharedAccount::view(FolderId folder) {
    auto has = need(folder, RightSet{Right::read});
    if (!has) return std::unexpected(has.error());
    return as_read(inner_->view(folder), folder, *has);
}

Result<std::unique_ptr<FolderView>> SharedAccount::select(FolderId folder) {
    auto has = need(folder, RightSet{Right::read});
    if (!has) return std::unexpected(has.error());
    return as_read(inner_->select(folder), folder, *has);
}

Result<> SharedAccount::read_privately(FolderId folder, const UidSet& uids) {
    if (uids.empty()) return {};
    auto marked = inner_->mark_seen_by(person_->id, folder, uids, Seen::yes);
    if (!marked) return std::unexpected(marked.error());
    return {};
}

/// Flags that the person may not set are left out; the message comes all the same.
Result<Account::Appended> SharedAccount::append(FolderId folder, std::vector<NewItem> items) {
    auto has = need(folder, RightSet{Right::insert});
    if (!has) return std::unexpected(has.error());
    const KeptFlags keep = kept(*has);
    std::vector<bool> read;
    for (NewItem& item : items) {
        read.push_back(item.flags & mailstore::seen);
        item.flags &= keep.system;
        if (!keep.keywords) item.keywords.clear();
    }
    auto done = inner_->append(folder, std::move(items));
    if (!done || (keep.system & mailstore::seen)) return done;
    std::vector<Uid> mine;
    for (std::size_t i = 0; i < done->uids.size(); ++i)
        if (read[i]) mine.push_back(done->uids[i]);
    if (auto ok = read_privately(folder, set_of(mine)); !ok) return std::unexpected(ok.error());
    return done;
}

/// What of a change the person may do is done; when that is nothing, it is refused.
Result<Account::Stored> SharedAccount::store(FolderId folder, const UidSet& uids, const FlagChange& change,
                                             std::optional<ModSeq> unchanged_since) {
    auto has = need(folder, RightSet{Right::read});
    if (!has) return std::unexpected(has.error());
    const KeptFlags keep = kept(*has);
    const bool own_seen = !has->has(Right::share_seen);
    const bool replaces = change.mode == FlagChange::Mode::replace;
    const bool about_seen = own_seen && (replaces || (change.system & mailstore::seen));
    FlagChange allowed = change;
    allowed.system &= keep.system;
    if (!keep.keywords) allowed.keywords.clear();
    allowed.may_system &= keep.system;
    allowed.may_keywords = change.may_keywords && keep.keywords;
    const bool names_something = change.system != 0 || !change.keywords.empty();
    const bool does_something =
        replaces ? keep.system != 0 || keep.keywords : allowed.system != 0 || !allowed.keywords.empty();
    if (!does_something && !about_seen && names_something)
        return fail(MailError::no_permission, "these flags may not be changed");

    Stored marked;
    UidSet left = uids;
    if (about_seen) {
        const Seen how = change.mode != FlagChange::Mode::remove && (change.system & mailstore::seen)
                             ? Seen::yes
                             : Seen::no;
        auto done = inner_->mark_seen_by(person_->id, folder, uids, how, unchanged_since);
        if (!done) return done;
        marked = std::move(*done);
        if (!does_something) return marked;
        left = mailstore::subtract(uids, marked.modified);
        unchanged_since.reset();  // what it was about has been looked at
    }
    auto stored = inner_->store(folder, left, allowed, unchanged_since);
    if (!stored || !own_seen) return stored;
    auto seen = inner_->seen_by(person_->id, folder);
    if (!seen) return std::unexpected(seen.error());
    for (Item& item : stored->changed) {
        item.flags.system &= static_cast<std::uint8_t>(~mailstore::seen);
        if (mailstore::contains(*seen, item.uid)) item.flags.system |= mailstore::seen;
    }
    stored->modified = mailstore::unite(stored->modified, marked.modified);
    if (!stored->anything && marked.anything) {
        stored->anything = true;
        stored->modseq = marked.modseq;
    }
    return stored;
}

Result<Account::Copied> SharedAccount::copy(FolderId from, const UidSet& uids, FolderId to,
                                            const KeptFlags&) {
    return carry(*this, from, uids, *this, to, false);
}

Result<Account::Copied> SharedAccount::move(FolderId from, const UidSet& uids, FolderId to,
                                            const KeptFlags&) {
    return carry(*this, from, uids, *this, to, true);
}

Result<Account::Copied> SharedAccount::copy_from(AccountId, FolderId, const UidSet&, FolderId,
                                                 const KeptFlags&) {
    return fail(MailError::no_permission, "carry() asks both sides");
}

Result<Account::Copied> SharedAccount::move_from(AccountId, FolderId, const UidSet&, FolderId,
                                                 const KeptFlags&) {
    return fail(MailError::no_permission, "carry() asks both sides");
}

Result<Account::Expunged> SharedAccount::expunge(FolderId folder, const std::optional<UidSet>& uids,
                                                 bool only_deleted) {
    RightSet wanted{Right::expunge};
    if (!only_deleted) wanted = wanted | RightSet{Right::mark_deleted};
    if (auto has = need(folder, wanted); !has) return std::unexpected(has.error());
    return inner_->expunge(folder, uids, only_deleted);
}

/// RFC 8508 §3.4 asks for the rights of APPEND, STORE +FLAGS (\Deleted) and EXPUNGE.
Result<Account::Appended> replace(Account& old_account, FolderId old_folder, Uid old, Account& account,
                                  FolderId folder, Account::NewItem item) {
    auto has = rights_in(old_account, old_folder);
    if (!has) return std::unexpected(has.error());
    if (!has->has_all(RightSet{Right::mark_deleted, Right::expunge}))
        return fail(MailError::no_permission, "the old message may not be expunged");
    item.replaces = Account::Replaced{old_account.id(), old_folder, old};
    std::vector<Account::NewItem> items;
    items.push_back(std::move(item));
    return account.append(folder, std::move(items));
}

Result<Account::Copied> carry(Account& from_account, FolderId from, const UidSet& uids, Account& to_account,
                              FolderId to, bool move) {
    auto* source = dynamic_cast<SharedAccount*>(&from_account);
    auto* target = dynamic_cast<SharedAccount*>(&to_account);
    KeptFlags keep;
    UidSet seen;
    if (source) {
        RightSet wanted{Right::read};
        // RFC 6851 §4.2: MOVE is COPY, STORE +FLAGS (\Deleted) and EXPUNGE in one.
        if (move) wanted = wanted | RightSet{Right::mark_deleted, Right::expunge};
        auto has = source->need(from, wanted);
        if (!has) return std::unexpected(has.error());
        if (!has->has(Right::share_seen)) {
            auto read = source->inner_->seen_by(source->person_->id, from);
            if (!read) return std::unexpected(read.error());
            seen = std::move(*read);
            keep.seen = &seen;
        }
    }
    bool own_seen_there = false;
    UidSet read;
    if (target) {
        auto has = target->need(to, RightSet{Right::insert});
        if (!has) return std::unexpected(has.error());
        const KeptFlags there = SharedAccount::kept(*has);
        keep.system = there.system;
        keep.keywords = there.keywords;
        own_seen_there = !has->has(Right::share_seen);
        if (own_seen_there) {
            auto found = read_among(from_account, from, uids);
            if (!found) return std::unexpected(found.error());
            read = std::move(*found);
        }
    }
    Account& inside = target ? *target->inner_ : to_account;
    Result<Account::Copied> done;
    if (from_account.id() == to_account.id())
        done = move ? inside.move(from, uids, to, keep) : inside.copy(from, uids, to, keep);
    else
        done = move ? inside.move_from(from_account.id(), from, uids, to, keep)
                    : inside.copy_from(from_account.id(), from, uids, to, keep);
    if (!done || !own_seen_there) return done;
    std::vector<Uid> mine;
    for (std::size_t i = 0; i < done->from.size(); ++i)
        if (mailstore::contains(read, done->from[i])) mine.push_back(done->to[i]);
    if (auto ok = target->read_privately(to, set_of(mine)); !ok) return std::unexpected(ok.error());
    return done;
}

Result<Account::Changes> SharedAccount::changes(ModSeq since, std::optional<FolderId> folder) {
    if (!folder) {
        auto all = inner_->changes(since, folder);
        if (!all) return all;
        if (auto ok = refresh(); !ok) return std::unexpected(ok.error());
        std::erase_if(all->changes, [&](const mailstore::Change& change) {
            const RightSet has = sharing_.evaluate(*who_, owner_, *lists_, change.folder);
            // What is no longer seen has to be told of, too; its number says nothing to anybody.
            return change.kind != mailstore::Change::Kind::folder && !has.has(Right::read);
        });
        return all;
    }
    if (auto has = need(*folder, RightSet{Right::read}); !has) return std::unexpected(has.error());
    return inner_->changes(since, folder);
}

Account::Watch SharedAccount::watch(std::optional<FolderId> folder, std::function<void()> changed) {
    return inner_->watch(folder, std::move(changed));
}

Result<UidSet> SharedAccount::seen_by(AccountId reader, FolderId folder) {
    if (reader != person_->id) return fail(MailError::no_permission, "what others read is theirs");
    return inner_->seen_by(reader, folder);
}

Result<Account::Stored> SharedAccount::mark_seen_by(AccountId reader, FolderId folder, const UidSet& uids,
                                                    Seen how, std::optional<ModSeq> unchanged_since) {
    if (reader != person_->id) return fail(MailError::no_permission, "what others read is theirs");
    if (auto has = need(folder, RightSet{Right::read}); !has) return std::unexpected(has.error());
    return inner_->mark_seen_by(reader, folder, uids, how, unchanged_since);
}

}  // namespace postrider::rights
