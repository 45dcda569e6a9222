#include "mailstore/records.h"

#include <limits>

#include "base/codec.h"

namespace postrider::mailstore {
namespace {

/// Small negative numbers stay small: 0, -1, 1, -2 ... become 0, 1, 2, 3 ...
void put_signed(std::string& out, std::int64_t value) {
    auto bits = static_cast<std::uint64_t>(value);
    put_varint(out, (bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

std::int64_t signed_varint(Decoder& in) {
    std::uint64_t bits = in.varint();
    return static_cast<std::int64_t>((bits >> 1) ^ (bits & 1 ? ~std::uint64_t{0} : 0));
}

/// A Decoder that also minds the range of narrower numbers and the version.
struct Reader : Decoder {
    explicit Reader(std::string_view value) : Decoder{value} {
        auto version = be<std::uint8_t>();
        good = version >= 1 && version <= record_version;
    }
    std::uint32_t u32() {
        std::uint64_t value = varint();
        if (value > std::numeric_limits<std::uint32_t>::max()) good = false;
        return static_cast<std::uint32_t>(value);
    }
    std::uint8_t u8(std::uint8_t highest) {
        auto value = be<std::uint8_t>();
        if (value > highest) good = false;
        return value;
    }
    bool finished() const { return ok() && good && at_end(); }
    bool good = true;
};

void put_version(std::string& out) {
    out.push_back(static_cast<char>(record_version));
}

enum ItemBits : std::uint8_t { has_keywords = 1, has_prefix = 2, own_email_id = 4 };

}  // namespace

std::string annotation_key(AccountId a, FolderId f, std::string_view name) {
    std::string key{Key{'n'}.be(a.value()).be(f.value()).view()};
    key += name;
    return key;
}

std::string import_key(AccountId a, std::string_view mark) {
    std::string key{Key{'j'}.be(a.value()).view()};
    key += mark;
    return key;
}

std::string subscription_key(AccountId a, std::string_view path) {
    std::string key{Key{'s'}.be(a.value()).view()};
    key.append(path);
    return key;
}

KeyRange account_range(char letter, AccountId a) {
    return {Key{letter}.be(a.value()), Key{letter}.be(a.value() + 1)};
}

KeyRange folder_range(char letter, AccountId a, FolderId f) {
    return {Key{letter}.be(a.value()).be(f.value()), Key{letter}.be(a.value()).be(f.value() + 1)};
}

std::uint32_t last_u32(std::string_view key) {
    return key.size() < 5 ? 0 : Decoder{key.substr(key.size() - 4)}.be<std::uint32_t>();
}
std::uint64_t last_u64(std::string_view key) {
    return key.size() < 9 ? 0 : Decoder{key.substr(key.size() - 8)}.be<std::uint64_t>();
}
std::uint64_t first_u64(std::string_view key) {
    return key.size() < 9 ? 0 : Decoder{key.substr(1)}.be<std::uint64_t>();
}

// ---- M

void put(std::string& out, const StoreRecord& record) {
    put_version(out);
    put_varint(out, record.format);
    out.push_back(record.clean ? 1 : 0);
    put_varint(out, record.epoch);
}

std::optional<StoreRecord> decode_store(std::string_view value) {
    Reader in{value};
    StoreRecord record;
    record.format = in.u32();
    record.clean = in.u8(1) != 0;
    record.epoch = in.u32();
    if (!in.finished()) return std::nullopt;
    return record;
}

// ---- a

void put(std::string& out, const AccountRecord& record) {
    put_version(out);
    put_varint(out, record.epoch);
    put_varint(out, record.next_folder);
    put_varint(out, record.next_validity);
    put_varint(out, record.modseq);
    put_varint(out, record.floor);
    put_varint(out, record.bytes);
    put_varint(out, record.messages);
    if (record.deleted_messages == 0 && record.deleted_bytes == 0) return;
    put_varint(out, record.deleted_bytes);
    put_varint(out, record.deleted_messages);
}

std::optional<AccountRecord> decode_account(std::string_view value) {
    Reader in{value};
    AccountRecord record;
    record.epoch = in.u32();
    record.next_folder = in.u32();
    record.next_validity = in.u32();
    record.modseq = in.varint();
    record.floor = in.varint();
    record.bytes = in.varint();
    record.messages = in.varint();
    if (in.ok() && !in.at_end()) {
        record.deleted_bytes = in.varint();
        record.deleted_messages = in.varint();
    }
    if (!in.finished()) return std::nullopt;
    return record;
}

// ---- f

void put(std::string& out, const FolderRecord& record, const FolderCounters& n,
         const std::vector<std::string>& keywords) {
    put_version(out);
    put_varint(out, record.epoch);
    put_varint(out, record.parent.value());
    out.push_back(static_cast<char>(record.kind));
    out.push_back(static_cast<char>(record.special_use));
    out.push_back(record.selectable ? 1 : 0);
    put_varint(out, record.uid_validity);
    put_varint(out, n.uid_next.value());
    put_varint(out, n.recent_from.value());
    put_varint(out, n.highest_modseq.value());
    put_varint(out, n.messages);
    put_varint(out, n.unseen);
    put_varint(out, n.deleted);
    put_varint(out, n.bytes);
    put_string(out, record.name);
    put_varint(out, keywords.size());
    for (const std::string& keyword : keywords) put_string(out, keyword);
}

std::optional<FolderRecord> decode_folder(std::string_view value) {
    Reader in{value};
    FolderRecord record;
    record.epoch = in.u32();
    record.parent = FolderId{in.u32()};
    record.kind = static_cast<FolderKind>(in.u8(static_cast<std::uint8_t>(FolderKind::search)));
    record.special_use = static_cast<SpecialUse>(in.u8(static_cast<std::uint8_t>(SpecialUse::trash)));
    record.selectable = in.u8(1) != 0;
    record.uid_validity = in.u32();
    record.n.uid_next = Uid{in.u32()};
    record.n.recent_from = Uid{in.u32()};
    record.n.highest_modseq = ModSeq{in.varint()};
    record.n.messages = in.u32();
    record.n.unseen = in.u32();
    record.n.deleted = in.u32();
    record.n.bytes = in.varint();
    record.name = in.string();
    std::uint64_t keywords = in.varint();
    if (keywords > max_keywords) return std::nullopt;
    record.keywords.reserve(keywords);
    for (std::uint64_t i = 0; i < keywords; ++i) record.keywords.emplace_back(in.string());
    if (!in.finished()) return std::nullopt;
    return record;
}

// ---- v, w

void put(std::string& out, const Link& link) {
    put_version(out);
    put_varint(out, link.folder.value());
    put_varint(out, link.uid.value());
}

std::optional<Link> decode_link(std::string_view value) {
    Reader in{value};
    Link link;
    link.folder = FolderId{in.u32()};
    link.uid = Uid{in.u32()};
    if (!in.finished()) return std::nullopt;
    return link;
}

void put(std::string& out, const LinkState& state) {
    put_version(out);
    put_varint(out, state.upto.value());
    put_signed(out, state.evaluated);
    put_varint(out, state.criteria);
}

std::optional<LinkState> decode_link_state(std::string_view value) {
    Reader in{value};
    LinkState state;
    state.upto = ModSeq{in.varint()};
    state.evaluated = signed_varint(in);
    state.criteria = in.varint();
    if (!in.finished()) return std::nullopt;
    return state;
}

std::string encoded_uid(Uid uid) {
    std::string out;
    put_version(out);
    put_varint(out, uid.value());
    return out;
}

std::optional<Uid> decode_uid(std::string_view value) {
    Reader in{value};
    Uid uid{in.u32()};
    if (!in.finished()) return std::nullopt;
    return uid;
}

// ---- c, r

namespace {

void put_runs(std::string& out, const UidSet& uids) {
    put_varint(out, uids.size());
    std::uint32_t last = 0;
    for (const UidRun& run : uids) {  // distances are small numbers
        put_varint(out, run.first.value() - last);
        put_varint(out, run.last.value() - run.first.value());
        last = run.last.value();
    }
}

bool take_runs(Reader& in, UidSet& uids) {
    std::uint64_t runs = in.varint();
    if (runs > in.rest().size() / 2) return false;  // each needs two bytes at least
    uids.reserve(runs);
    std::uint64_t last = 0;
    for (std::uint64_t i = 0; i < runs; ++i) {
        std::uint64_t first = last + in.u32();
        if (first <= last) return false;
        last = first + in.u32();
        if (last > std::numeric_limits<std::uint32_t>::max()) return false;
        uids.push_back({Uid{static_cast<std::uint32_t>(first)}, Uid{static_cast<std::uint32_t>(last)}});
    }
    return in.finished();
}

}  // namespace

void put(std::string& out, const UidSet& uids) {
    put_version(out);
    put_runs(out, uids);
}

std::optional<UidSet> decode_uids(std::string_view value) {
    Reader in{value};
    UidSet uids;
    if (!take_runs(in, uids)) return std::nullopt;
    return uids;
}

void put(std::string& out, const ChangeRecord& record) {
    put_version(out);
    out.push_back(static_cast<char>(record.kind));
    put_varint(out, record.folder.value());
    put_signed(out, record.time);
    put_runs(out, record.uids);
}

std::optional<ChangeRecord> decode_change(std::string_view value) {
    Reader in{value};
    ChangeRecord record;
    record.kind = static_cast<Change::Kind>(in.u8(static_cast<std::uint8_t>(Change::Kind::folder)));
    record.folder = FolderId{in.u32()};
    record.time = signed_varint(in);
    if (!take_runs(in, record.uids)) return std::nullopt;
    return record;
}

// ---- b, z

void put(std::string& out, const BlobRecord& record) {
    put_version(out);
    out.push_back(static_cast<char>(record.extent.file));
    put_varint(out, record.extent.offset);
    put_varint(out, record.extent.stored_size);
    put_varint(out, record.extent.payload_size);
    put_varint(out, record.refs);
    put_varint(out, record.holds);
}

std::optional<BlobRecord> decode_blob(std::string_view value) {
    Reader in{value};
    BlobRecord record;
    record.extent.file = in.u8(0x7f);
    record.extent.offset = in.u32();
    record.extent.stored_size = in.u32();
    record.extent.payload_size = in.u32();
    record.refs = in.u32();
    record.holds = in.u32();
    if (!in.finished()) return std::nullopt;
    return record;
}

void put_zombie(std::string& out, std::int64_t time) {
    put_version(out);
    put_signed(out, time);
}

std::optional<std::int64_t> decode_zombie(std::string_view value) {
    Reader in{value};
    std::int64_t time = signed_varint(in);
    if (!in.finished()) return std::nullopt;
    return time;
}

// ---- i

void put(std::string& out, const Item& item) {
    std::uint8_t bits = 0;
    for (std::uint64_t word : item.flags.keywords)
        if (word != 0) bits |= has_keywords;
    if (!item.prefix.empty()) bits |= has_prefix;
    if (item.email_id != item.blob.value()) bits |= own_email_id;
    put_version(out);
    out.push_back(static_cast<char>(bits));
    out.push_back(static_cast<char>(item.flags.system));
    put_varint(out, item.modseq.value());
    put_varint(out, item.size);
    put_varint(out, item.blob.value());
    put_signed(out, item.internal_date);
    // Unsigned, so that no pair of dates overflows.
    put_signed(out, static_cast<std::int64_t>(static_cast<std::uint64_t>(item.save_date)
                                              - static_cast<std::uint64_t>(item.internal_date)));
    if (bits & has_keywords)
        for (std::uint64_t word : item.flags.keywords) put_varint(out, word);
    if (bits & has_prefix) put_string(out, item.prefix);
    if (bits & own_email_id) put_varint(out, item.email_id);
}

std::optional<Item> decode_item(Uid uid, std::string_view value) {
    Reader in{value};
    Item item;
    item.uid = uid;
    auto bits = in.u8(has_keywords | has_prefix | own_email_id);
    item.flags.system = in.u8(seen | answered | flagged | deleted | draft);
    item.modseq = ModSeq{in.varint()};
    item.size = in.u32();
    item.blob = BlobId{in.varint()};
    item.internal_date = signed_varint(in);
    item.save_date = static_cast<std::int64_t>(static_cast<std::uint64_t>(item.internal_date)
                                               + static_cast<std::uint64_t>(signed_varint(in)));
    if (bits & has_keywords)
        for (std::uint64_t& word : item.flags.keywords) word = in.varint();
    if (bits & has_prefix) item.prefix = in.string();
    item.email_id = bits & own_email_id ? in.varint() : item.blob.value();
    if (!in.finished()) return std::nullopt;
    return item;
}

// ---- u

void put(std::string& out, const DeletedItem& record) {
    put_version(out);
    put_signed(out, record.time);
    out.push_back(static_cast<char>(record.kind));
    out.push_back(static_cast<char>(record.special_use));
    put_string(out, record.path);
    put_varint(out, record.keywords.size());
    for (const std::string& keyword : record.keywords) put_string(out, keyword);
    Item item = record.item;
    item.flags.keywords = {};
    std::string bytes;
    put(bytes, item);
    put_string(out, bytes);
}

std::optional<DeletedItem> decode_deleted(std::string_view key, std::string_view value) {
    if (key.size() != 25) return std::nullopt;
    Decoder place{key.substr(9)};
    DeletedItem record;
    record.id.change = ModSeq{place.be<std::uint64_t>()};
    record.id.folder = FolderId{place.be<std::uint32_t>()};
    record.id.uid = Uid{place.be<std::uint32_t>()};
    Reader in{value};
    record.time = signed_varint(in);
    record.kind = static_cast<FolderKind>(in.u8(static_cast<std::uint8_t>(FolderKind::journal)));
    record.special_use = static_cast<SpecialUse>(in.u8(static_cast<std::uint8_t>(SpecialUse::trash)));
    record.path = in.string();
    std::uint64_t keywords = in.varint();
    if (keywords > max_keywords) return std::nullopt;
    for (std::uint64_t i = 0; i < keywords; ++i) record.keywords.emplace_back(in.string());
    const std::string_view bytes = in.string();
    if (!in.finished()) return std::nullopt;
    auto item = decode_item(record.id.uid, bytes);
    if (!item) return std::nullopt;
    record.item = *item;
    record.item.flags.keywords = {};
    return record;
}

}  // namespace postrider::mailstore
