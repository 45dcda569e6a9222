#include <algorithm>
#include <array>
#include <deque>

#include "mailstore/account_edit.h"
#include "mailstore/account_impl.h"
#include "mailstore/current_items.h"
#include "mailstore/errors.h"
#include "mailstore/folder_view.h"
#include "mailstore/names.h"
#include "mailstore/new_folder.h"
#include "mailstore/scan.h"
#include "mailstore/uid_set.h"
#include "mailstore/undelete.h"

/// Items that leave a folder or appear in another.
namespace postrider::mailstore {
namespace {

/// Keyword bits of one folder as those of another.
class KeywordMap {
public:
    KeywordMap(const FolderState& from, AccountEdit::FolderEdit& to) : from_{from}, to_{to} {
        map_.fill(unknown);
    }

    /// nullopt when the other folder has no room for a keyword.
    std::optional<Flags> translate(const Flags& flags) {
        if (&from_ == to_.state) return flags;
        Flags out;
        out.system = flags.system;
        for (std::size_t bit = 0; bit < from_.record.keywords.size(); ++bit) {
            if (!flags.keyword(bit)) continue;
            if (map_[bit] == unknown) {
                auto there = AccountEdit::keyword(to_, from_.record.keywords[bit], true);
                if (!there) return std::nullopt;
                map_[bit] = static_cast<std::uint8_t>(*there);
            }
            out.set_keyword(map_[bit]);
        }
        return out;
    }

private:
    static constexpr std::uint8_t unknown = 0xff;
    const FolderState& from_;
    AccountEdit::FolderEdit& to_;
    std::array<std::uint8_t, max_keywords> map_{};
};

/// Items as they were read, kept while the batch is made.
struct Originals {
    CurrentItems source;
    std::vector<Item> items;
    std::deque<std::string> prefixes;  ///< of those that were not in memory
};

constexpr std::size_t piece = ids_at_once;  // what is read or expunged at once
// Bounds the memory of one batch and the time that others wait for the account. A COPY is one batch, since it
// is all or nothing.
constexpr std::size_t most_bytes_of_a_batch = 64u << 20;

/// Takes the first UIDs away, up to that one.
void remove_upto(UidSet& uids, Uid last) {
    std::erase_if(uids, [&](const UidRun& run) { return run.last <= last; });
    if (!uids.empty() && uids.front().first <= last) uids.front().first = Uid{last.value() + 1};
}

/// The next piece of those that are `left`, which are then fewer.
Result<Originals> read_items(AccountImpl& impl, const FolderState& folder, UidSet& left) {
    Originals read{CurrentItems{impl, folder}, {}, {}};
    read.items.reserve(std::min<std::uint64_t>({count(left), folder.record.n.messages, piece}));
    bool damaged = false;
    auto ok = read.source.each(
        left,
        [&](Item item) {
            if (!read.source.stay() && !item.prefix.empty())
                item.prefix = read.prefixes.emplace_back(item.prefix);
            read.items.push_back(item);
            return read.items.size() < piece;
        },
        [&](Uid) { return !(damaged = true); });
    if (!ok) return std::unexpected(ok.error());
    if (damaged) return fail(MailError::corrupt, "record of a message is damaged: repair the account");
    if (read.items.size() < piece)
        left.clear();
    else
        remove_upto(left, read.items.back().uid);
    return read;
}

enum class Source { stays, leaves };

/// An account and what a batch does to it; those of origin and target are mostly one.
struct Side {
    AccountImpl& impl;
    AccountEdit& edit;
};

/// What copy and move share: the new items, with their descriptions, and the list of UIDs. The originals are
/// removed when they leave. `refs` counts new references to copies.
class Transfer {
public:
    Transfer(Side from, Side to, kv::Batch& batch, BlobRefs& refs, Source source, const KeptFlags& keep)
        : from_{from}, to_{to}, batch_{batch}, refs_{refs}, source_{source}, keep_{keep} {}

    Result<> run(FolderState& from, FolderState& to, const std::vector<Item>& items,
                 Account::Copied& copied) {
        AccountEdit::FolderEdit& target = to_.edit.folder(to);
        AccountEdit::FolderEdit* origin = source_ == Source::leaves ? &from_.edit.folder(from) : nullptr;
        KeywordMap keywords{from, target};
        copied.uid_validity = to.record.uid_validity;
        if (!AccountEdit::has_uids(target, items.size()))
            return fail(MailError::storage, "folder has no UIDs left");
        const std::int64_t now = to_.impl.core.now_seconds();
        // Leaving comes before arriving in the log, so that no reader ever counts the message twice.
        if (source_ == Source::leaves && left_modseq_ == ModSeq{}) left_modseq_ = from_.edit.next_modseq();
        const std::size_t first = copied.to.size();
        for (const Item& original : items) {
            Item item = original;
            if (!keep_.keywords) item.flags.keywords = {};
            auto flags = keywords.translate(item.flags);
            if (!flags) return fail(MailError::too_many_keywords, "folder has too many keywords");
            if (source_ == Source::leaves) {
                from_.edit.leave(*origin, original);
                mailstore::append(left_, original.uid);
            } else {
                refs_.add_ref(item.blob, 1);
            }
            item.flags = *flags;
            if (keep_.seen) {
                item.flags.system &= static_cast<std::uint8_t>(~seen);
                if (contains(*keep_.seen, original.uid)) item.flags.system |= seen;
            }
            item.flags.system &= keep_.system;
            item.save_date = now;  // RFC 8514 §3
            to_.edit.arrive(batch_, target, item);
            copied.from.push_back(original.uid);
            copied.to.push_back(item.uid);
        }
        if (auto ok = within_limits(target); !ok) return ok;
        return describe(from.id, items, target, std::span{copied.to}.subspan(first));
    }

    /// After the last of them: notes what left.
    void finish(FolderState& from) {
        if (left_.empty()) return;
        from_.edit.erase(batch_, from.id, left_);
        AccountEdit::FolderEdit& origin = from_.edit.folder(from);
        from_.edit.note(batch_, Change::Kind::expunged, from.id, std::move(left_), left_modseq_);
        origin.n.highest_modseq = std::max(origin.n.highest_modseq, left_modseq_);
    }

private:
    Result<> describe(FolderId from, const std::vector<Item>& items, const AccountEdit::FolderEdit& to,
                      std::span<const Uid> uids) {
        const AccountId owner = from_.impl.account_id;
        AscendingReader descriptions{*to_.impl.core.kv, items.size(),
                                     description_key(owner, from, items.front().uid),
                                     description_key(owner, from, items.back().uid)};
        for (std::size_t i = 0; i < items.size(); ++i) {
            auto text = descriptions.read(description_key(owner, from, items[i].uid));
            if (!text) return std::unexpected(text.error());
            to_.edit.describe(batch_, to, uids[i], text->value_or(std::string_view{}));
        }
        return {};
    }

    Result<> within_limits(const AccountEdit::FolderEdit& target) {
        const QuotaLimits limits = to_.impl.core.limits(to_.impl.account_id, target.state->id);
        auto over = [](std::uint64_t used, std::uint64_t limit) { return limit != 0 && used > limit; };
        const bool account_over = (source_ == Source::stays || &from_.impl != &to_.impl)
                                  && (over(to_.edit.account.bytes, limits.bytes)
                                      || over(to_.edit.account.messages, limits.messages));
        if (account_over || over(target.n.bytes, limits.folder_bytes)
            || over(target.n.messages, limits.folder_messages))
            return fail(MailError::over_quota, "over quota");
        return {};
    }

    Side from_, to_;
    kv::Batch& batch_;
    BlobRefs& refs_;
    Source source_;
    const KeptFlags& keep_;
    ModSeq left_modseq_;
    UidSet left_;
};

/// One batch of a transfer, made while the locks of both accounts are held.
struct TransferBatch {
    TransferBatch(AccountImpl& from, AccountImpl& to, Source from_source, const KeptFlags& keep)
        : origin{from}, impl{to}, source{from_source} {
        if (&from != &to) origin_edit.emplace(from);
        transfer.emplace(Side{origin, origin_edit ? *origin_edit : edit}, Side{impl, edit}, batch, *refs,
                         source, keep);
    }

    /// Adds all of `left`, or, when they leave, as many as one batch may hold.
    Result<> fill(FolderState& from, FolderState& to, UidSet& left, Account::Copied& copied) {
        copied.uid_validity = to.record.uid_validity;
        do {
            const auto read = read_items(origin, from, left);
            if (!read) return std::unexpected(read.error());
            const auto& items = read->items;
            if (items.empty()) continue;
            ids += items.size() + 2;
            if (auto ok = impl.core.before_giving_out(items.size() + 2); !ok) return ok;
            if (auto ok = transfer->run(from, to, items, copied); !ok) return ok;
            if (batch.bytes() <= most_bytes_of_a_batch) continue;
            if (source == Source::stays)
                return fail(MailError::too_much, "too many messages to be copied at once");
            break;
        } while (!left.empty());
        transfer->finish(from);
        return refs->put(batch, BlobRefs::Missing::fail);
    }

    /// Afterwards memory is to be told.
    Result<> write() {
        edit.put(batch);
        if (origin_edit && source == Source::leaves) origin_edit->put(batch);
        auto ok = impl.core.write(std::move(batch), impl.core.durability_for(ids));
        refs.reset();
        return ok;
    }
    void apply() {
        edit.apply();
        if (origin_edit && source == Source::leaves) origin_edit->apply();
    }
    /// Once no lock is held.
    void notify() {
        edit.notify();
        if (origin_edit && source == Source::leaves) origin_edit->notify();
    }

    AccountImpl& origin;
    AccountImpl& impl;
    const Source source;
    AccountEdit edit{impl};
    std::optional<AccountEdit> origin_edit;
    kv::Batch batch;
    std::optional<BlobRefs> refs{std::in_place, impl.core};
    std::optional<Transfer> transfer;
    std::uint64_t ids = 0;
};

/// Copies all of `left`, or moves as many as one batch may hold.
Result<> transfer_some(AccountImpl& other, FolderId from, UidSet& left, AccountImpl& impl, FolderId to,
                       Source source, const KeptFlags& keep, Account::Copied& copied) {
    const bool one_account = &other == &impl;
    std::unique_lock lock{impl.mutex, std::defer_lock}, other_lock{other.mutex, std::defer_lock};
    if (!one_account && other.account_id < impl.account_id) other_lock.lock();  // core.h: ascending
    lock.lock();
    if (!one_account && impl.account_id < other.account_id) other_lock.lock();
    auto origin = other.selectable(from);
    if (!origin) return std::unexpected(origin.error());
    auto target = impl.selectable(to);
    if (!target) return std::unexpected(target.error());
    if ((*target)->record.kind == FolderKind::search)
        return fail(MailError::no_such_folder, "a search folder takes no messages");
    TransferBatch one{other, impl, source, keep};
    if (auto ok = one.fill(**origin, **target, left, copied); !ok) return ok;
    if (one.ids == 0) return {};
    if (auto ok = one.write(); !ok) return ok;
    one.apply();
    lock.unlock();
    if (!one_account) other_lock.unlock();
    one.notify();
    return {};
}

void tell(AccountImpl& impl, FolderId from, FolderId to, const Account::Copied& copied) {
    const auto& listener = impl.core.options.on_transfer;
    if (!listener || from == to) return;
    auto origin = impl.folder(from), target = impl.folder(to);
    if (origin && target)
        listener({impl.account_id, from, to, origin->special_use, target->special_use, copied.to});
}

Result<Account::Copied> transfer(AccountImpl& other, FolderId from, UidSet left, AccountImpl& impl,
                                 FolderId to, Source source, const KeptFlags& keep) {
    Account::Copied copied;
    do {
        if (auto ok = transfer_some(other, from, left, impl, to, source, keep, copied); !ok)
            return std::unexpected(ok.error());
    } while (!left.empty());
    if (copied.from.empty()) return copied;
    if (auto ok = impl.core.sync(); !ok) return std::unexpected(ok.error());
    if (&other == &impl) tell(impl, from, to, copied);
    return copied;
}

}  // namespace

Result<Account::Copied> AccountImpl::copy(FolderId from, const UidSet& uids, FolderId to,
                                          const KeptFlags& keep) {
    return transfer(*this, from, uids, *this, to, Source::stays, keep);
}

Result<Account::Copied> AccountImpl::move(FolderId from, const UidSet& uids, FolderId to,
                                          const KeptFlags& keep) {
    if (is_search(from)) return move_linked(from, uids, to);
    return transfer(*this, from, uids, *this, to, Source::leaves, keep);
}

Result<Account::Copied> AccountImpl::copy_from(AccountId other, FolderId from, const UidSet& uids,
                                               FolderId to, const KeptFlags& keep) {
    auto origin = core.accounts.get(other);
    if (!origin) return std::unexpected(origin.error());
    return transfer(**origin, from, uids, *this, to, Source::stays, keep);
}

Result<Account::Copied> AccountImpl::move_from(AccountId other, FolderId from, const UidSet& uids,
                                               FolderId to, const KeptFlags& keep) {
    auto origin = core.accounts.get(other);
    if (!origin) return std::unexpected(origin.error());
    if ((*origin)->is_search(from)) {  // what the search found is copied, and then goes from where it lies
        auto copied = transfer(**origin, from, uids, *this, to, Source::stays, keep);
        if (!copied) return copied;
        auto gone = (*origin)->expunge(from, uids, false);
        if (!gone) return std::unexpected(gone.error());
        return copied;
    }
    return transfer(**origin, from, uids, *this, to, Source::leaves, keep);
}

/// RFC 9051 §6.3.6: INBOX's messages move into a new folder; INBOX itself and what lies in it stay. The
/// folder and what one batch may hold of the messages come at once.
Result<> AccountImpl::rename_inbox(FolderId inbox, const std::string& path) {
    Copied copied;
    UidSet left = every_uid();
    FolderId to;
    {
        std::unique_lock lock{mutex};
        auto origin = selectable(inbox);
        if (!origin) return std::unexpected(origin.error());
        if (by_path(path)) return fail(MailError::exists, "a folder of that name exists");
        if (auto ok = core.before_giving_out(max_path_levels); !ok) return ok;
        const KeptFlags all;
        TransferBatch one{*this, *this, Source::leaves, all};
        NewFolders fresh{*this, one.edit};
        auto made = fresh.make(one.batch, path, FolderKind::mail, SpecialUse::none);
        if (!made) return std::unexpected(made.error());
        to = *made;
        if (auto ok = one.fill(**origin, fresh.last(), left, copied); !ok) return ok;
        if (auto ok = one.write(); !ok) return ok;
        one.apply();
        {
            std::lock_guard state_lock{state_mutex};
            fresh.apply();
        }
        lock.unlock();
        one.notify();
    }
    if (!left.empty()) {
        auto moved = transfer(*this, inbox, std::move(left), *this, to, Source::leaves, {});
        if (!moved) return std::unexpected(moved.error());
    }
    return core.sync();
}

Result<> AccountImpl::expunge_some(FolderId folder, UidSet& left, bool only_deleted, Expunged& expunged) {
    std::unique_lock lock{mutex};
    auto state = selectable(folder);
    if (!state) return std::unexpected(state.error());
    const std::uint32_t deleted_there = (*state)->record.n.deleted;
    if (expunged.uids.empty()) expunged.modseq = (*state)->record.n.highest_modseq;
    if (only_deleted && deleted_there == 0) {
        left.clear();
        return {};
    }
    if (auto ok = core.before_giving_out(1); !ok) return ok;
    AccountEdit edit{*this};
    AccountEdit::FolderEdit& box = edit.folder(**state);
    kv::Batch batch;
    std::optional<BlobRefs> refs{std::in_place, core};
    UndeleteKeeper kept{edit, **state, ModSeq{edit.account.modseq + 1}};
    UidSet gone;
    std::size_t many = 0;
    // Behind the last that is \Deleted there is nothing to look for.
    const std::size_t enough = only_deleted ? std::min<std::size_t>(piece, deleted_there) : piece;
    // In memory where the folder is in use. The account is locked, so what is seen is what is there.
    FolderViewImpl view{shared_from_this(), core.kv->snapshot(), info_of(**state), highest_uid,
                        highest_modseq()};
    std::optional<UidSet> known;
    if (only_deleted && count(left) > (*state)->record.n.messages / 4)
        known = view.filtered({.with = mailstore::deleted}, left);
    CurrentItems items{*this, **state};
    auto ok = view.each_item(known ? *known : left, [&](const Item& item) {
        if (only_deleted && !(item.flags.system & mailstore::deleted)) return true;
        edit.leave(box, item);
        if (!kept.keep(batch, item)) refs->add_ref(item.blob, -1);
        mailstore::append(gone, item.uid);
        return ++many < enough;
    });
    if (!ok) return ok;
    if (many < piece)
        left.clear();
    else
        remove_upto(left, gone.back().last);
    if (gone.empty()) return {};
    edit.erase(batch, folder, gone);
    if (ok = refs->put(batch, BlobRefs::Missing::ignore); !ok) return ok;
    const ModSeq modseq = edit.change(batch, Change::Kind::expunged, box, gone);
    edit.put(batch);
    if (ok = core.write(std::move(batch)); !ok) return ok;
    edit.apply();
    refs.reset();
    kept.check_limit();
    lock.unlock();
    items.changed(gone, {}, modseq);
    edit.notify();
    expunged.modseq = modseq;
    expunged.uids.insert(expunged.uids.end(), gone.begin(), gone.end());
    return {};
}

Result<Account::Expunged> AccountImpl::expunge(FolderId folder, const std::optional<UidSet>& uids,
                                               bool only_deleted) {
    if (is_search(folder)) return expunge_linked(folder, uids, only_deleted);
    Expunged expunged;
    UidSet left = uids ? *uids : every_uid();
    do {
        if (auto ok = expunge_some(folder, left, only_deleted, expunged); !ok)
            return std::unexpected(ok.error());
    } while (!left.empty());
    if (expunged.uids.empty()) return expunged;
    if (auto ok = core.sync(); !ok) return std::unexpected(ok.error());
    return expunged;
}

}  // namespace postrider::mailstore
