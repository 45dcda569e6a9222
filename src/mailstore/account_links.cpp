#include <algorithm>
#include <map>
#include <set>

#include "mailstore/account_edit.h"
#include "mailstore/account_impl.h"
#include "mailstore/blob_refs.h"
#include "mailstore/errors.h"
#include "mailstore/scan.h"
#include "mailstore/uid_set.h"

/// Search folders: see search_folder.h.
namespace postrider::mailstore {
namespace {

UidSet set_of(std::vector<Uid> uids) {
    std::sort(uids.begin(), uids.end());
    UidSet set;
    for (Uid uid : uids) append(set, uid);
    return set;
}

/// One relink() while the account's lock is held.
class Relinking {
public:
    Relinking(AccountImpl& impl, FolderState& state)
        : impl_{impl}, state_{state}, edit_{impl}, box_{edit_.folder(state)} {}

    Result<> run(const Relink& change) {
        for (const Link& link : change.remove)
            if (auto ok = remove(link); !ok) return ok;
        for (const Link& link : change.refresh)
            if (auto ok = refresh(link); !ok) return ok;
        for (const Link& link : change.add)
            if (auto ok = add(link); !ok) return ok;
        if (!gone_.empty()) edit_.change(batch_, Change::Kind::expunged, box_, set_of(gone_));
        if (!changed_.empty()) {
            box_.n.highest_modseq = std::max(box_.n.highest_modseq, flags_modseq_);
            edit_.note(batch_, Change::Kind::flags, state_.id, set_of(changed_), flags_modseq_);
        }
        batch_.put(link_state_key(impl_.account_id, state_.id), encoded(change.after));
        if (auto ok = refs_.put(batch_, BlobRefs::Missing::ignore); !ok) return ok;
        const bool anything = edit_.account.modseq != impl_.record.modseq || box_.keywords;
        if (anything) edit_.put(batch_);
        if (auto ok = impl_.core.write(std::move(batch_)); !ok) return ok;
        if (anything) edit_.apply();
        return {};
    }
    void notify() { edit_.notify(); }

private:
    Result<std::optional<Item>> item(FolderId folder, Uid uid) {
        auto value = impl_.core.kv->get(item_key(impl_.account_id, folder, uid));
        if (!value) return std::unexpected(from(value.error()));
        std::optional<Item> found;
        if (*value) {
            kept_ = std::move(**value);  // the item's prefix lies in it
            found = decode_item(uid, kept_);
        }
        return found;
    }

    Result<std::optional<Uid>> uid_of(const Link& link) {
        auto value = impl_.core.kv->get(linked_key(impl_.account_id, state_.id, link.folder, link.uid));
        if (!value) return std::unexpected(from(value.error()));
        return *value ? decode_uid(**value) : std::nullopt;
    }

    /// The flags of a message, with the keyword bits of the search folder. One too many keywords is left out.
    Flags flags_here(const Link& link, const Flags& there) {
        Flags here;
        here.system = there.system;
        auto source = impl_.table.find(link.folder.value());
        if (source == impl_.table.end()) return here;
        const auto& names = source->second.record.keywords;
        for (std::size_t bit = 0; bit < names.size(); ++bit)
            if (there.keyword(bit))
                if (auto own = AccountEdit::keyword(box_, names[bit], true)) here.set_keyword(*own);
        return here;
    }

    Result<> add(const Link& link) {
        auto there = uid_of(link);
        if (!there) return std::unexpected(there.error());
        if (*there || box_.n.messages >= max_links || !AccountEdit::has_uids(box_, 1)) return {};
        auto original = item(link.folder, link.uid);
        if (!original) return std::unexpected(original.error());
        if (!*original) return {};
        auto description = impl_.core.kv->get(description_key(impl_.account_id, link.folder, link.uid));
        if (!description) return std::unexpected(from(description.error()));
        Item made = **original;
        made.flags = flags_here(link, made.flags);
        refs_.add_ref(made.blob, 1);
        edit_.arrive(batch_, box_, made);
        edit_.describe(batch_, box_, made.uid,
                       *description ? std::string_view{**description} : std::string_view{});
        batch_.put(link_key(impl_.account_id, state_.id, made.uid), encoded(link));
        batch_.put(linked_key(impl_.account_id, state_.id, link.folder, link.uid), encoded_uid(made.uid));
        return {};
    }

    Result<> remove(const Link& link) {
        auto uid = uid_of(link);
        if (!uid) return std::unexpected(uid.error());
        if (!*uid) return {};
        auto here = item(state_.id, **uid);
        if (!here) return std::unexpected(here.error());
        if (*here) {
            edit_.leave(box_, **here);
            refs_.add_ref((*here)->blob, -1);
            gone_.push_back(**uid);
        }
        batch_.erase(item_key(impl_.account_id, state_.id, **uid));
        batch_.erase(description_key(impl_.account_id, state_.id, **uid));
        batch_.erase(link_key(impl_.account_id, state_.id, **uid));
        batch_.erase(linked_key(impl_.account_id, state_.id, link.folder, link.uid));
        return {};
    }

    Result<> refresh(const Link& link) {
        auto uid = uid_of(link);
        if (!uid) return std::unexpected(uid.error());
        if (!*uid || std::find(gone_.begin(), gone_.end(), **uid) != gone_.end()) return {};
        auto original = item(link.folder, link.uid);
        if (!original) return std::unexpected(original.error());
        if (!*original) return {};
        const Flags flags = flags_here(link, (*original)->flags);
        auto here = item(state_.id, **uid);
        if (!here) return std::unexpected(here.error());
        if (!*here || (*here)->flags == flags) return {};
        if (changed_.empty()) flags_modseq_ = edit_.next_modseq();
        AccountEdit::recount(box_, (*here)->flags, flags);
        (*here)->flags = flags;
        (*here)->modseq = flags_modseq_;
        batch_.put(item_key(impl_.account_id, state_.id, **uid), encoded(**here));
        changed_.push_back(**uid);
        return {};
    }

    AccountImpl& impl_;
    FolderState& state_;
    AccountEdit edit_;
    AccountEdit::FolderEdit& box_;
    kv::Batch batch_;
    BlobRefs refs_{impl_.core};
    std::string kept_;
    std::vector<Uid> gone_;
    std::vector<Uid> changed_;
    ModSeq flags_modseq_;
};

Result<FolderState*> search_folder(AccountImpl& impl, FolderId folder) {
    auto state = impl.selectable(folder);
    if (state && (*state)->record.kind != FolderKind::search)
        return fail(MailError::no_such_folder, "that is no search folder");
    return state;
}

Result<LinkState> read_link_state(AccountImpl& impl, FolderId search) {
    auto value = impl.core.kv->get(link_state_key(impl.account_id, search));
    if (!value) return std::unexpected(from(value.error()));
    return *value ? decode_link_state(**value).value_or(LinkState{}) : LinkState{};
}

/// The messages behind UIDs of a search folder, by the folder they lie in.
std::map<FolderId, UidSet> by_source(const std::vector<std::pair<Uid, Link>>& links) {
    std::map<FolderId, std::vector<Uid>> found;
    for (const auto& [uid, link] : links) found[link.folder].push_back(link.uid);
    std::map<FolderId, UidSet> sets;
    for (auto& [folder, uids] : found) {
        std::sort(uids.begin(), uids.end());
        for (Uid uid : uids) append(sets[folder], uid);
    }
    return sets;
}

std::vector<Link> only_links(const std::vector<std::pair<Uid, Link>>& links) {
    std::vector<Link> all;
    for (const auto& [uid, link] : links) all.push_back(link);
    return all;
}

}  // namespace

Result<LinkState> Account::link_state(FolderId) {
    return fail(MailError::no_such_folder, "there are no search folders here");
}
Result<bool> Account::relink(FolderId, const Relink&) {
    return fail(MailError::no_such_folder, "there are no search folders here");
}
Result<std::vector<std::pair<Uid, Link>>> Account::links(FolderId, const UidSet&) {
    return fail(MailError::no_such_folder, "there are no search folders here");
}
Result<UidSet> Account::linked(FolderId, FolderId) {
    return fail(MailError::no_such_folder, "there are no search folders here");
}

bool AccountImpl::is_search(FolderId folder) {
    std::lock_guard lock{state_mutex};
    auto at = table.find(folder.value());
    return at != table.end() && at->second.record.kind == FolderKind::search;
}

Result<LinkState> AccountImpl::link_state(FolderId search) {
    std::lock_guard lock{mutex};
    if (auto state = search_folder(*this, search); !state) return std::unexpected(state.error());
    return read_link_state(*this, search);
}

Result<bool> AccountImpl::relink(FolderId search, const Relink& change) {
    if (change.add.size() + change.remove.size() + change.refresh.size() > max_links_at_once)
        return fail(MailError::too_much, "too many links in one change");
    std::unique_lock lock{mutex};
    auto state = search_folder(*this, search);
    if (!state) return std::unexpected(state.error());
    auto before = read_link_state(*this, search);
    if (!before) return std::unexpected(before.error());
    if (*before != change.before) return false;
    if (auto ok = core.before_giving_out(change.add.size() + 3); !ok) return std::unexpected(ok.error());
    Relinking work{*this, **state};
    if (auto ok = work.run(change); !ok) return std::unexpected(ok.error());
    lock.unlock();
    work.notify();
    return true;
}

Result<std::vector<std::pair<Uid, Link>>> AccountImpl::links(FolderId search, const UidSet& uids) {
    std::vector<std::pair<Uid, Link>> found;
    auto ok =
        scan_folder(*core.kv, 'v', account_id, search, uids, nullptr, [&](Uid uid, std::string_view value) {
            if (auto link = decode_link(value)) found.emplace_back(uid, *link);
            return true;
        });
    if (!ok) return std::unexpected(ok.error());
    return found;
}

Result<UidSet> AccountImpl::linked(FolderId search, FolderId source) {
    UidSet uids;
    auto ok = scan_range(*core.kv, linked_key(account_id, search, source, Uid{0}),
                         linked_key(account_id, search, source, highest_uid).after(), nullptr,
                         [&](std::string_view key, std::string_view) {
                             mailstore::append(uids, Uid{last_u32(key)});
                             return true;
                         });
    if (!ok) return std::unexpected(ok.error());
    return uids;
}

/// What was just done to messages is said of them here, too; the log will say it once more, to no effect.
Result<> AccountImpl::touch_links(FolderId search, const std::vector<Link>& refresh,
                                  const std::vector<Link>& remove) {
    auto pieces = [&](const std::vector<Link>& links, std::vector<Link> Relink::*where) -> Result<> {
        for (std::size_t at = 0; at < links.size();) {
            const std::size_t end = std::min(at + max_links_at_once, links.size());
            auto state = link_state(search);
            if (!state) return std::unexpected(state.error());
            Relink change{*state, *state, {}, {}, {}};
            (change.*where)
                .assign(links.begin() + static_cast<std::ptrdiff_t>(at),
                        links.begin() + static_cast<std::ptrdiff_t>(end));
            auto done = relink(search, change);
            if (!done) return std::unexpected(done.error());
            if (*done) at = end;  // else another session was faster: once more
        }
        return {};
    };
    if (auto ok = pieces(refresh, &Relink::refresh); !ok) return ok;
    return pieces(remove, &Relink::remove);
}

Result<> AccountImpl::drop_link(FolderId search, Uid uid) {
    auto found = links(search, UidSet{{uid, uid}});
    if (!found) return std::unexpected(found.error());
    return touch_links(search, {}, only_links(*found));
}

Result<Account::Stored> AccountImpl::store_linked(FolderId search, const UidSet& uids,
                                                  const FlagChange& change,
                                                  std::optional<ModSeq> unchanged_since) {
    Stored stored;
    UidSet wanted = unchanged_since ? UidSet{} : uids;
    if (unchanged_since) {
        auto now = view(search);
        if (!now) return std::unexpected(now.error());
        auto ok = (*now)->each_item(uids, [&](const Item& item) {
            mailstore::append(item.modseq > *unchanged_since ? stored.modified : wanted, item.uid);
            return true;
        });
        if (!ok) return std::unexpected(ok.error());
    }
    auto found = links(search, wanted);
    if (!found) return std::unexpected(found.error());
    for (const auto& [folder, there] : by_source(*found)) {
        auto done = store(folder, there, change, {});
        if (!done && done.error().kind != MailError::no_such_folder) return std::unexpected(done.error());
    }
    if (auto ok = touch_links(search, only_links(*found), {}); !ok) return std::unexpected(ok.error());
    auto after = view(search);
    if (!after) return std::unexpected(after.error());
    stored.modseq = (*after)->info().highest_modseq;
    auto ok = (*after)->each_item(wanted, [&](const Item& item) {
        stored.anything |= item.modseq == stored.modseq;
        stored.changed.push_back(item);
        stored.changed.back().prefix = {};
        return true;
    });
    if (!ok) return std::unexpected(ok.error());
    return stored;
}

/// Each message whole; of several folders one after the other.
Result<Account::Copied> AccountImpl::move_linked(FolderId search, const UidSet& uids, FolderId to) {
    auto found = links(search, uids);
    if (!found) return std::unexpected(found.error());
    std::map<Link, Uid> here;
    for (const auto& [uid, link] : *found) here[link] = uid;
    Copied copied;
    if (auto target = folder(to)) copied.uid_validity = target->uid_validity;
    std::vector<std::pair<Uid, Uid>> moved;
    std::vector<Link> gone;
    for (const auto& [source, there] : by_source(*found)) {
        auto done =
            source == to ? copy(source, there, to, KeptFlags{}) : move(source, there, to, KeptFlags{});
        if (!done) return std::unexpected(done.error());
        for (std::size_t i = 0; i < done->from.size(); ++i) {
            moved.emplace_back(here[Link{source, done->from[i]}], done->to[i]);
            gone.push_back({source, done->from[i]});
        }
        if (source == to)
            if (auto left = expunge(source, there, false); !left) return std::unexpected(left.error());
    }
    if (auto ok = touch_links(search, {}, gone); !ok) return std::unexpected(ok.error());
    std::sort(moved.begin(), moved.end());
    for (const auto& [uid, target] : moved) {
        copied.from.push_back(uid);
        copied.to.push_back(target);
    }
    return copied;
}

Result<Account::Expunged> AccountImpl::expunge_linked(FolderId search, const std::optional<UidSet>& uids,
                                                      bool only_deleted) {
    Expunged expunged;
    {
        auto now = view(search);
        if (!now) return std::unexpected(now.error());
        auto ok = (*now)->each_item(uids ? *uids : every_uid(), [&](const Item& item) {
            if (!only_deleted || (item.flags.system & mailstore::deleted))
                mailstore::append(expunged.uids, item.uid);
            return true;
        });
        if (!ok) return std::unexpected(ok.error());
    }
    auto found = links(search, expunged.uids);
    if (!found) return std::unexpected(found.error());
    for (const auto& [source, there] : by_source(*found)) {
        auto done = expunge(source, there, false);
        if (!done && done.error().kind != MailError::no_such_folder) return std::unexpected(done.error());
    }
    if (auto ok = touch_links(search, {}, only_links(*found)); !ok) return std::unexpected(ok.error());
    auto after = folder(search);
    if (!after) return std::unexpected(after.error());
    expunged.modseq = after->highest_modseq;
    return expunged;
}

}  // namespace postrider::mailstore
