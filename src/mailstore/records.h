#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "container/container.h"
#include "mailstore/search_folder.h"
#include "mailstore/types.h"

/// Keys and values of the mail store, by the byte: docs/formats/mailstore.md. Pure functions; decoders never
/// trust their input.
namespace postrider::mailstore {

// ---- keys

/// A key that lives on the stack: one letter and up to three numbers.
class Key {
public:
    explicit Key(char letter) { bytes_[size_++] = letter; }
    template <std::unsigned_integral T>
    Key& be(T value) {
        for (std::size_t i = sizeof(T); i-- > 0;) bytes_[size_++] = static_cast<char>(value >> (8 * i));
        return *this;
    }
    /// The smallest key greater than this one.
    Key after() const {
        Key next = *this;
        next.bytes_[next.size_++] = '\0';
        return next;
    }
    std::string_view view() const { return {bytes_.data(), size_}; }
    operator std::string_view() const { return view(); }  // NOLINT: a key is bytes

private:
    std::array<char, 28> bytes_{};
    std::uint8_t size_ = 0;
};

inline Key store_key() {
    return Key{'M'};
}
inline Key mark_key(std::uint16_t location) {
    return Key{'L'}.be(location);
}
inline Key account_key(AccountId a) {
    return Key{'a'}.be(a.value());
}
inline Key deletion_key(AccountId a) {
    return Key{'x'}.be(a.value());
}
inline Key folder_key(AccountId a, FolderId f) {
    return Key{'f'}.be(a.value()).be(f.value());
}
inline Key item_key(AccountId a, FolderId f, Uid u) {
    return Key{'i'}.be(a.value()).be(f.value()).be(u.value());
}
inline Key description_key(AccountId a, FolderId f, Uid u) {
    return Key{'d'}.be(a.value()).be(f.value()).be(u.value());
}
inline Key link_key(AccountId a, FolderId f, Uid u) {
    return Key{'v'}.be(a.value()).be(f.value()).be(u.value());
}
inline Key link_state_key(AccountId a, FolderId f) {
    return Key{'v'}.be(a.value()).be(f.value());
}
/// From the message to its UID in the search folder.
inline Key linked_key(AccountId a, FolderId f, FolderId source, Uid u) {
    return Key{'w'}.be(a.value()).be(f.value()).be(source.value()).be(u.value());
}
inline Key change_key(AccountId a, ModSeq m) {
    return Key{'c'}.be(a.value()).be(m.value());
}
inline Key undelete_key(AccountId a, const DeletedId& d) {
    return Key{'u'}.be(a.value()).be(d.change.value()).be(d.folder.value()).be(d.uid.value());
}
inline Key blob_key(BlobId b) {
    return Key{'b'}.be(b.value());
}
inline Key zombie_key(BlobId b) {
    return Key{'z'}.be(b.value());
}
/// Who may do what: opaque here (docs/formats/rights.md). Folder 0: the account as a whole.
inline Key access_key(AccountId a, FolderId f) {
    return Key{'p'}.be(a.value()).be(f.value());
}
/// What somebody else has read in the folder.
inline Key reader_key(AccountId a, FolderId f, AccountId reader) {
    return Key{'r'}.be(a.value()).be(f.value()).be(reader.value());
}
std::string annotation_key(AccountId a, FolderId f, std::string_view name);
std::string import_key(AccountId a, std::string_view mark);
std::string subscription_key(AccountId a, std::string_view path);

/// All keys of one letter that belong to the account, or to one of its folders, lie in [begin, end).
struct KeyRange {
    Key begin, end;
};
KeyRange account_range(char letter, AccountId a);
KeyRange folder_range(char letter, AccountId a, FolderId f);

/// The number in the last bytes of a key; 0 when the key is too short.
std::uint32_t last_u32(std::string_view key);
std::uint64_t last_u64(std::string_view key);
/// The number behind the letter.
std::uint64_t first_u64(std::string_view key);

// ---- values

inline constexpr std::uint8_t record_version = 1;

struct StoreRecord {
    std::uint32_t format = 1;
    bool clean = false;       ///< the last stop was orderly
    std::uint32_t epoch = 0;  ///< grows by one with every start after an unclean stop
    friend bool operator==(const StoreRecord&, const StoreRecord&) = default;
};

struct AccountRecord {
    std::uint32_t epoch = 0;
    std::uint32_t next_folder = 1;
    std::uint32_t next_validity = 1;  ///< no two folders of an account ever have the same UIDVALIDITY
    std::uint64_t modseq = 0;         ///< the highest given out
    std::uint64_t floor = 0;          ///< changes up to this one have been forgotten
    std::uint64_t bytes = 0;
    std::uint64_t messages = 0;
    std::uint64_t deleted_bytes = 0, deleted_messages = 0;  ///< `u` records
    friend bool operator==(const AccountRecord&, const AccountRecord&) = default;
};

struct FolderCounters {
    Uid uid_next{1};
    Uid recent_from{1};
    ModSeq highest_modseq;
    std::uint32_t messages = 0, unseen = 0, deleted = 0;
    std::uint64_t bytes = 0;
    friend bool operator==(const FolderCounters&, const FolderCounters&) = default;
};

struct FolderRecord {
    std::uint32_t epoch = 0;
    FolderId parent;
    std::string name;  ///< last component of the path
    FolderKind kind = FolderKind::mail;
    SpecialUse special_use = SpecialUse::none;
    bool selectable = true;
    std::uint32_t uid_validity = 0;
    FolderCounters n;
    std::vector<std::string> keywords;
    friend bool operator==(const FolderRecord&, const FolderRecord&) = default;
};

struct ChangeRecord {
    Change::Kind kind = Change::Kind::added;
    FolderId folder;
    std::int64_t time = 0;  ///< seconds since 1970
    UidSet uids;
};

struct BlobRecord {
    container::Extent extent;
    std::uint32_t refs = 0;   ///< items
    std::uint32_t holds = 0;  ///< queue entries
    friend bool operator==(const BlobRecord&, const BlobRecord&) = default;
};

void put(std::string& out, const StoreRecord& record);
void put(std::string& out, const AccountRecord& record);
void put(std::string& out, const FolderRecord& record, const FolderCounters& counters,
         const std::vector<std::string>& keywords);
void put(std::string& out, const ChangeRecord& record);
void put(std::string& out, const BlobRecord& record);
void put(std::string& out, const Item& item);
void put(std::string& out, const UidSet& uids);
/// The id is in the key.
void put(std::string& out, const DeletedItem& record);
void put(std::string& out, const Link& link);
void put(std::string& out, const LinkState& state);
std::optional<Link> decode_link(std::string_view value);
std::optional<LinkState> decode_link_state(std::string_view value);
/// The value of a linked_key(): an UID of the search folder.
std::string encoded_uid(Uid uid);
std::optional<Uid> decode_uid(std::string_view value);
/// Seconds since 1970 when the blob lost its last reference.
void put_zombie(std::string& out, std::int64_t time);

template <class T>
std::string encoded(const T& record) {
    std::string out;
    put(out, record);
    return out;
}
inline std::string encoded(const FolderRecord& record) {
    std::string out;
    put(out, record, record.n, record.keywords);
    return out;
}

std::optional<StoreRecord> decode_store(std::string_view value);
std::optional<AccountRecord> decode_account(std::string_view value);
std::optional<FolderRecord> decode_folder(std::string_view value);
std::optional<ChangeRecord> decode_change(std::string_view value);
std::optional<BlobRecord> decode_blob(std::string_view value);
/// The item's prefix is a view into `value`.
std::optional<Item> decode_item(Uid uid, std::string_view value);
std::optional<UidSet> decode_uids(std::string_view value);
/// The id from the key, which is that of a `u` record; the item's prefix is a view into `value`.
std::optional<DeletedItem> decode_deleted(std::string_view key, std::string_view value);
std::optional<std::int64_t> decode_zombie(std::string_view value);

}  // namespace postrider::mailstore
