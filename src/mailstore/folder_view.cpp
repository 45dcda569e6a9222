#include "mailstore/folder_view.h"

#include <algorithm>

#include "mailstore/errors.h"
#include "mailstore/scan.h"
#include "mailstore/uid_set.h"

namespace postrider::mailstore {

namespace {

/// Of runs in any order.
UidSet united(std::vector<UidRun> runs) {
    std::ranges::sort(runs, {}, &UidRun::first);
    UidSet all;
    for (const UidRun& run : runs) {
        if (!all.empty() && run.first.value() <= all.back().last.value() + std::uint64_t{1})
            all.back().last = std::max(all.back().last, run.last);
        else
            all.push_back(run);
    }
    return all;
}

}  // namespace

void FolderViewImpl::report_damage(const char* what, Uid uid) const {
    core_.log.error({}, "{} of message {} in folder {} of account {} is damaged: repair it", what,
                    uid.value(), info_.id.value(), account_->account_id.value());
}

/// A handful of items is read as fast from the store. Not in a folder that had more of them before: what is
/// read there is what has been expunged, too.
const Roster* FolderViewImpl::roster(Roll how) {
    if (roster_) return roster_.get();
    const AccountId account = account_->account_id;
    auto cached = core_.rosters.find(account, info_.id);
    if (cached && cached->folder_modseq() == info_.highest_modseq) roster_ = std::move(cached);
    if (roster_ || how == Roll::as_it_is) return roster_.get();
    if (!cached && info_.messages < core_.options.roster_least) return nullptr;
    if (cached && cached->folder_modseq() < info_.highest_modseq) roster_ = brought_up(*cached);
    if (!roster_ && how == Roll::made) roster_ = made();
    if (roster_) core_.rosters.put(account, info_.id, roster_);
    return roster_.get();
}

/// What was changed since is read again, at this view's moment.
std::shared_ptr<const Roster> FolderViewImpl::brought_up(const Roster& before) {
    auto changes = account_->changes(before.account_modseq(), info_.id);
    if (!changes || !changes->complete) return nullptr;
    std::vector<UidRun> runs;
    for (const Change& change : changes->changes)
        runs.insert(runs.end(), change.uids.begin(), change.uids.end());
    const UidSet touched = united(std::move(runs));
    if (count(touched) > before.size()) return nullptr;
    std::vector<Item> now;
    std::deque<std::string> prefixes;
    bool damaged = false;
    auto ok = scan_folder(*core_.kv, 'i', account_->account_id, info_.id, touched, snapshot_.get(),
                          [&](Uid uid, std::string_view value) {
                              auto item = decode_item(uid, value);
                              if (!item) return !(damaged = true);
                              if (!item->prefix.empty()) item->prefix = prefixes.emplace_back(item->prefix);
                              now.push_back(*item);
                              return true;
                          });
    if (!ok || damaged) return nullptr;
    auto roster = before.with(touched, now, info_.highest_modseq, known_);
    return roster->size() == info_.messages ? roster : nullptr;
}

/// Nothing where a record is damaged: who reads it there is told so.
std::shared_ptr<const Roster> FolderViewImpl::made() {
    if (info_.messages > core_.rosters.most()) return nullptr;
    auto roster = std::make_shared<Roster>(info_.highest_modseq, known_);
    bool damaged = false;
    auto range = folder_range('i', account_->account_id, info_.id);
    auto cursor = core_.kv->scan(range.begin, range.end, snapshot_.get(), kv::Access::many);
    for (; cursor->valid() && !damaged; cursor->next()) {
        auto item = decode_item(Uid{last_u32(cursor->key())}, cursor->value());
        if (item)
            roster->append(*item);
        else
            damaged = true;
    }
    roster->finish();
    return !damaged && cursor->status() && roster->size() == info_.messages ? roster : nullptr;
}

Result<UidSet> FolderViewImpl::uids() {
    if (const Roster* known = roster(Roll::made)) return known->uids();
    UidSet all;
    auto range = folder_range('i', account_->account_id, info_.id);
    auto ok = scan_range(*core_.kv, range.begin, range.end, snapshot_.get(),
                         [&](std::string_view key, std::string_view) {
                             append(all, Uid{last_u32(key)});
                             return true;
                         });
    if (!ok) return std::unexpected(ok.error());
    return all;
}

Result<std::string> FolderViewImpl::record_of(Uid uid) {
    auto value = core_.kv->get(item_key(account_->account_id, info_.id, uid), snapshot_.get());
    if (!value) return std::unexpected(from(value.error()));
    if (!*value) return fail(MailError::gone, "no such message");
    return std::move(**value);
}

Result<std::optional<Item>> FolderViewImpl::item(Uid uid) {
    auto value = record_of(uid);
    if (!value && value.error().kind == MailError::gone) return std::optional<Item>{};
    if (!value) return std::unexpected(value.error());
    auto item = decode_item(uid, *value);
    if (!item) {
        report_damage("record", uid);
        return fail(MailError::corrupt, "record of a message is damaged");
    }
    if (!item->prefix.empty()) {
        // Still valid when the caller asks for the next one; a listing of many uses each_item.
        if (kept_.size() >= 1'000) kept_.pop_front();
        item->prefix = kept_.emplace_back(item->prefix);
    }
    return item;
}

/// The cursor that was left where the last piece of a listing ended, or a new one; it stands at or before
/// `first`.
std::unique_ptr<kv::Cursor> FolderViewImpl::cursor_at(char letter, std::unique_ptr<kv::Cursor>& left,
                                                      const UidSet& uids) {
    constexpr std::uint64_t many = 2'000;  // from here on reading ahead pays, and the cache is left to others
    const KeyRange range = folder_range(letter, account_->account_id, info_.id);
    const Key first =
        Key{letter}.be(account_->account_id.value()).be(info_.id.value()).be(uids.front().first.value());
    // A cursor knows nothing of what lies before where it began: going back takes another one.
    if (!left || !left->valid() || left->key() > first.view()) {
        const bool whole = std::min<std::uint64_t>(count(uids), info_.messages) > many;
        return core_.kv->scan(first, range.end, snapshot_.get(), whole ? kv::Access::many : kv::Access::few);
    }
    return std::move(left);
}

Result<> FolderViewImpl::each_item(const UidSet& uids, const std::function<bool(const Item&)>& visit) {
    const AccountId account = account_->account_id;
    auto look = [&](Uid uid, std::string_view value) {
        auto item = decode_item(uid, value);
        if (item) return visit(*item);
        report_damage("record", uid);
        return true;
    };
    if (uids.empty()) return {};
    const bool one = uids.size() == 1 && uids[0].first == uids[0].last;
    const bool many = std::min<std::uint64_t>(count(uids), info_.messages) * 4 > info_.messages;
    if (const Roster* known = roster(one ? Roll::as_it_is : many ? Roll::made : Roll::brought_up)) {
        known->each(uids, visit);
        return {};
    }
    if (one) return scan_folder(*core_.kv, 'i', account, info_.id, uids, snapshot_.get(), look);
    auto cursor = cursor_at('i', items_, uids);
    auto ok = walk_uids(
        *cursor, [&](Uid uid) { return item_key(account, info_.id, uid); }, uids, look);
    items_ = std::move(cursor);
    return ok;
}

std::optional<UidSet> FolderViewImpl::filtered(const ItemFilter& filter, const UidSet& uids) {
    const Roster* known = roster(Roll::made);
    return known ? std::optional{known->filtered(filter, uids)} : std::nullopt;
}

Result<> FolderViewImpl::each_described(const UidSet& uids,
                                        const std::function<bool(const Item&, std::string_view)>& visit) {
    const AccountId account = account_->account_id;
    if (uids.size() == 1 && uids[0].first == uids[0].last) {
        const Uid uid = uids[0].first;
        auto text = core_.kv->get(description_key(account, info_.id, uid), snapshot_.get());
        if (!text) return std::unexpected(from(text.error()));
        return each_item(uids, [&](const Item& item) {
            if (!*text) report_damage("description", uid);
            return visit(item, *text ? std::string_view{**text} : std::string_view{});
        });
    }
    if (uids.empty()) return {};
    // A second cursor walks the descriptions beside the items.
    auto texts = cursor_at('d', texts_, uids);
    auto ok = each_item(uids, [&](const Item& item) {
        if (!texts->valid() || last_u32(texts->key()) != item.uid.value()) {
            const Key key = description_key(account, info_.id, item.uid);
            // Of a few here and there: steps that would not reach it are saved.
            if (texts->valid()
                && std::uint64_t{last_u32(texts->key())} + steps_before_seek < item.uid.value())
                texts->seek(key);
            else
                advance_to(*texts, key);
        }
        if (!texts->valid() || last_u32(texts->key()) != item.uid.value()) {
            report_damage("description", item.uid);
            return visit(item, {});
        }
        bool more = visit(item, texts->value());
        texts->next();
        return more;
    });
    if (!ok) return ok;
    if (auto status = texts->status(); !status) return std::unexpected(from(status.error()));
    texts_ = std::move(texts);
    return {};
}

Result<std::optional<mime::Description>> FolderViewImpl::description(Uid uid) {
    auto value = core_.kv->get(description_key(account_->account_id, info_.id, uid), snapshot_.get());
    if (!value) return std::unexpected(from(value.error()));
    if (*value) {
        if (auto description = mime::Description::decode(**value)) return description;
        report_damage("description", uid);
    }
    // Missing or damaged: what the bytes say is as good.
    auto found = item(uid);
    if (!found) return std::unexpected(found.error());
    if (!*found) return std::optional<mime::Description>{};
    auto bytes = message(**found);
    if (!bytes) return std::unexpected(bytes.error());
    return std::optional{mime::describe(*bytes)};
}

/// What lies before the stored bytes. Read again: the caller's view into it may be gone.
Result<std::string> FolderViewImpl::prefix_of(const Item& item) {
    if (item.prefix.empty()) return std::string{};
    auto value = record_of(item.uid);
    if (!value) return value;
    auto now = decode_item(item.uid, *value);
    if (!now) return fail(MailError::corrupt, "record of a message is damaged");
    return std::string{now->prefix};
}

Result<std::string> FolderViewImpl::message(const Item& item) {
    auto bytes = prefix_of(item);
    if (!bytes) return bytes;
    auto stored = core_.read(item.blob);
    if (!stored) return std::unexpected(stored.error());
    if (bytes->empty()) return std::move(stored->payload);
    bytes->append(stored->payload);
    return bytes;
}

Result<std::string> FolderViewImpl::head(const Item& item, std::size_t bytes) {
    auto head = prefix_of(item);
    if (!head || head->size() >= bytes) return head;
    auto rest = core_.read_head(item.blob, bytes - head->size());
    if (!rest) return rest;
    if (head->empty()) return std::move(*rest);
    head->append(*rest);
    return head;
}

}  // namespace postrider::mailstore
