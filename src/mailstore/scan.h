#pragma once

#include "kv/kv.h"
#include "mailstore/errors.h"
#include "mailstore/records.h"

/// Walking the records of one folder.
namespace postrider::mailstore {

/// How many keys a cursor steps over before a seek is cheaper.
inline constexpr int steps_before_seek = 16;

/// Moves to the first key >= key, which is most often close ahead.
inline void advance_to(kv::Cursor& cursor, std::string_view key) {
    for (int i = 0; i < steps_before_seek; ++i) {
        if (!cursor.valid() || cursor.key() >= key) return;
        cursor.next();
    }
    cursor.seek(key);
}

/// Reads values of keys asked for in ascending order, all within [first, last]: many of them by one cursor,
/// which costs less than a look-up each.
class AscendingReader {
public:
    AscendingReader(kv::Store& kv, std::size_t many, std::string_view first, std::string_view last)
        : kv_{kv} {
        constexpr std::size_t few = 4;
        if (many > few) cursor_ = kv.scan(first, std::string{last} + '\0', nullptr);
    }

    /// Valid until the next call; nullopt where there is none.
    Result<std::optional<std::string_view>> read(std::string_view key) {
        if (!cursor_) {
            auto value = kv_.get(key);
            if (!value) return std::unexpected(from(value.error()));
            if (!*value) return std::optional<std::string_view>{};
            value_ = std::move(**value);
            return std::optional<std::string_view>{value_};
        }
        advance_to(*cursor_, key);
        if (cursor_->valid() && cursor_->key() == key) return std::optional{cursor_->value()};
        if (auto status = cursor_->status(); !status) return std::unexpected(from(status.error()));
        return std::optional<std::string_view>{};
    }

private:
    kv::Store& kv_;
    std::unique_ptr<kv::Cursor> cursor_;
    std::string value_;
};

/// Calls visit(uid, value) for each record under the cursor whose UID is in the set, ascending, from where
/// the cursor stands if that is before them; visit returns false to stop there. `key_of` gives a UID's key.
template <class KeyOf, class Visit>
Result<> walk_uids(kv::Cursor& cursor, const KeyOf& key_of, const UidSet& uids, Visit&& visit) {
    for (const UidRun& run : uids) {
        advance_to(cursor, key_of(run.first));
        for (; cursor.valid(); cursor.next()) {
            Uid uid{last_u32(cursor.key())};
            if (uid > run.last) break;
            if (!visit(uid, cursor.value())) return {};
        }
        if (!cursor.valid()) break;
    }
    auto status = cursor.status();
    if (!status) return std::unexpected(from(status.error()));
    return {};
}

/// Calls visit(uid, value) for each record of that letter ('i' or 'd') whose UID is in the set, ascending;
/// visit returns false to stop. Values are valid during the call.
template <class Visit>
Result<> scan_folder(kv::Store& kv, char letter, AccountId account, FolderId folder, const UidSet& uids,
                     const kv::Snapshot* at, Visit&& visit) {
    auto key_of = [&](Uid uid) { return Key{letter}.be(account.value()).be(folder.value()).be(uid.value()); };
    if (uids.empty()) return {};
    if (uids.size() == 1 && uids[0].first == uids[0].last) {  // a look-up costs less than a cursor
        auto value = kv.get(key_of(uids[0].first), at);
        if (!value) return std::unexpected(from(value.error()));
        if (*value) visit(uids[0].first, std::string_view{**value});
        return {};
    }
    auto cursor = kv.scan(key_of(uids.front().first), key_of(uids.back().last).after(), at);
    return walk_uids(*cursor, key_of, uids, std::forward<Visit>(visit));
}

/// Calls visit(key, value) for every record in [begin, end).
template <class Visit>
Result<> scan_range(kv::Store& kv, std::string_view begin, std::string_view end, const kv::Snapshot* at,
                    Visit&& visit) {
    auto cursor = kv.scan(begin, end, at);
    for (; cursor->valid(); cursor->next())
        if (!visit(cursor->key(), cursor->value())) return {};
    auto status = cursor->status();
    if (!status) return std::unexpected(from(status.error()));
    return {};
}

}  // namespace postrider::mailstore
