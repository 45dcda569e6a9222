#include <algorithm>
#include <charconv>

#include "index/index_impl.h"
#include "index/message_text.h"
#include "mailstore/records.h"
#include "mailstore/uid_set.h"

/// How an account's index is made to cover what is there.
namespace postrider::index {

using mailstore::Change;
using mailstore::UidSet;

namespace {

constexpr std::uint32_t messages_at_once = 500;  // for so many a view, which holds a snapshot, is kept

/// Up to `most` UIDs of the front of `uids`, which loses them.
UidSet take_some(UidSet& uids, std::uint32_t most) {
    UidSet some;
    std::size_t whole = 0;
    for (mailstore::UidRun& run : uids) {
        const std::uint64_t length = std::uint64_t{run.last.value()} - run.first.value() + 1;
        if (length > most) {
            if (most > 0) {
                some.push_back({run.first, Uid{run.first.value() + most - 1}});
                run.first = Uid{run.first.value() + most};
            }
            break;
        }
        some.push_back(run);
        most -= static_cast<std::uint32_t>(length);
        ++whole;
    }
    uids.erase(uids.begin(), uids.begin() + static_cast<std::ptrdiff_t>(whole));
    return some;
}

}  // namespace

/// Which accounts have changed since they were indexed, by the records of the store.
std::uint64_t IndexImpl::find_changed() {
    std::vector<Known> now;
    {
        auto cursor = store_.kv().scan("a", "b", nullptr, kv::Access::many);
        for (; cursor->valid() && going(); cursor->next()) {
            auto record = mailstore::decode_account(cursor->value());
            if (record) now.push_back({AccountId{mailstore::first_u64(cursor->key())}, record->modseq});
        }
        if (!cursor->status() || !going()) return 0;
    }
    if (!swept_) sweep(now);
    std::vector<AccountId> changed;
    std::uint64_t changes = 0;
    auto before = known_.begin();
    for (const Known& one : now) {
        while (before != known_.end() && before->account < one.account) ++before;
        const bool known = before != known_.end() && before->account == one.account;
        const std::uint64_t upto = known ? before->modseq : upto_on_disk(one.account);
        if (upto != one.modseq) changed.push_back(one.account);
        if (known && one.modseq > upto) changes += one.modseq - upto;
    }
    known_ = std::move(now);
    std::lock_guard lock{queue_mutex_};
    changed.insert(changed.end(), again_.begin(), again_.end());
    again_.clear();
    changed.insert(changed.end(), waiting_.begin(), waiting_.end());
    std::ranges::sort(changed, std::greater{});
    const auto twice = std::ranges::unique(changed);
    changed.erase(twice.begin(), twice.end());
    waiting_ = std::move(changed);
    waiting_accounts_.set(static_cast<std::int64_t>(waiting_.size()));
    return changes;
}

/// Removes what a crash left of accounts that were deleted.
void IndexImpl::sweep(const std::vector<Known>& accounts) {
    swept_ = true;
    std::vector<AccountId> gone;
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator at{options_.directory, error}, end;
         !error && at != end; at.increment(error)) {
        if (at.depth() == 0) continue;
        at.disable_recursion_pending();
        const std::string name = at->path().filename().string();
        std::uint64_t number = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), number, 16).ptr
            != name.data() + name.size())
            continue;
        if (!std::ranges::binary_search(accounts, AccountId{number}, {}, &Known::account))
            gone.push_back(AccountId{number});
    }
    for (AccountId account : gone) forget(account);
}

/// As the names of its files say: they are not read, for there may be many accounts.
std::uint64_t IndexImpl::upto_on_disk(AccountId account) const {
    std::uint64_t upto = 0;
    std::error_code error;
    for (std::filesystem::directory_iterator at{directory_of(account), error}, end; !error && at != end;
         at.increment(error))
        upto = std::max(upto, Shelf::upto_of(at->path()).value());
    return upto;
}

mailstore::Result<ModSeq> IndexImpl::find_missing(mailstore::Account& account, Shelf& shelf,
                                                  Missing& missing) {
    const ModSeq since = shelf.upto();
    auto changes = account.changes(since);
    if (!changes) return std::unexpected(changes.error());
    const auto reader = shelf.reader();
    if (since.value() != 0 && changes->complete) {
        for (const Change& change : changes->changes)
            if (change.kind == Change::Kind::added)
                missing[change.folder] = unite(missing[change.folder], change.uids);
        for (auto& [folder, uids] : missing) uids = subtract(uids, reader->covered(folder));
        std::erase_if(missing, [](const auto& entry) { return entry.second.empty(); });
        return changes->upto;
    }
    auto folders = account.folders();
    if (!folders) return std::unexpected(folders.error());
    for (const auto& folder : *folders) {
        if (!folder.selectable || folder.messages == 0) continue;
        auto view = account.view(folder.id);
        if (!view) continue;  // deleted since
        auto uids = (*view)->uids();
        if (!uids) return std::unexpected(uids.error());
        UidSet lacking = subtract(*uids, reader->covered(folder.id));
        if (!lacking.empty()) missing[folder.id] = std::move(lacking);
    }
    return changes->upto;
}

bool IndexImpl::catch_up(AccountId id) {
    std::lock_guard working{working_};
    auto account = store_.account(id);
    if (!account) return account.error().kind == mailstore::MailError::no_such_account;
    const auto kept = shelf(id);
    // A store that was restored from a copy has other messages under numbers that are known here.
    if (kept->upto() > (*account)->highest_modseq()) kept->clear();
    Missing missing;
    auto upto = find_missing(**account, *kept, missing);
    if (!upto) {
        options_.log.error({}, "Account {} cannot be indexed: {}", id.value(), upto.error().what);
        return false;
    }
    std::uint64_t waiting = 0;
    for (const auto& [folder, uids] : missing) waiting += mailstore::count(uids);
    waiting_messages_.set(static_cast<std::int64_t>(waiting));
    Builder builder;
    bool good = true;
    for (auto at = missing.begin(); good && at != missing.end(); ++at)
        good = index_folder(**account, *kept, at->first, at->second, builder);
    waiting_messages_.set(0);
    if (!good || !kept->add(builder, *upto)) return false;
    merge(**account, *kept);
    return true;
}

bool IndexImpl::index_folder(mailstore::Account& account, Shelf& shelf, FolderId folder, const UidSet& uids,
                             Builder& builder) {
    UidSet left = uids;
    while (!left.empty()) {
        const UidSet some = take_some(left, messages_at_once);
        auto view = account.view(folder);
        if (!view) return view.error().kind == mailstore::MailError::no_such_folder;
        bool good = true;
        auto ok = (*view)->each_described(some, [&](const mailstore::Item& item, std::string_view record) {
            if (!going()) return good = false;
            auto message = (*view)->message(item);
            if (!message) return true;  // damaged, and logged: whoever searches it fares no better
            auto description = mime::Description::decode(record);
            if (!description) description = mime::describe(*message);
            builder.begin({folder, item.uid});
            each_message_text(*message, *description,
                              [&](Fields fields, std::string_view text) { builder.add(fields, text); });
            if (options_.attachments && read_attachments_) {
                const std::string said = options_.attachments(*message, *description);
                if (!said.empty()) {
                    builder.add(Field::body, said);
                    builder.keep_text(said);
                }
            }
            indexed_.add();
            if (builder.memory() >= options_.builder_memory) good = shelf.add(builder, shelf.upto());
            return good;
        });
        waiting_messages_.sub(static_cast<std::int64_t>(mailstore::count(some)));
        if (!ok || !good) return false;
    }
    return true;
}

void IndexImpl::merge(mailstore::Account& account, Shelf& shelf) {
    std::map<FolderId, UidSet> alive;
    auto lives = [&](DocumentId document) {
        auto at = alive.find(document.folder);
        if (at == alive.end()) {
            UidSet uids = mailstore::every_uid();
            auto view = account.view(document.folder);
            if (view)
                uids = (*view)->uids().value_or(std::move(uids));
            else if (view.error().kind == mailstore::MailError::no_such_folder)
                uids.clear();
            at = alive.emplace(document.folder, std::move(uids)).first;
        }
        auto run = std::ranges::lower_bound(at->second, document.uid, {}, &mailstore::UidRun::last);
        return run != at->second.end() && run->first <= document.uid;
    };
    while (going() && shelf.merge_some(lives, [this] { return going(); })) alive.clear();
}

}  // namespace postrider::index
