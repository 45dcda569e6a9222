#include "migration/cyrus_index.h"

#include <algorithm>

#include "base/codec.h"

namespace postrider::migration {
namespace {

std::uint32_t u32(std::string_view data, std::size_t at) {
    return Decoder{data.substr(at, 4)}.be<std::uint32_t>();
}

std::uint64_t u64(std::string_view data, std::size_t at) {
    return Decoder{data.substr(at, 8)}.be<std::uint64_t>();
}

constexpr std::size_t user_flag_words = 4;

/// Where things lie: in version 20 times and sizes grew to 64 bits.
struct Layout {
    std::size_t last_uid, uid_validity;
    std::size_t bits, user_flags;  ///< in a record
    std::size_t smallest_record() const { return user_flags + user_flag_words * 4; }
};
constexpr Layout before_20{28, 44, 32, 36};
constexpr Layout since_20{88, 92, 36, 40};

std::int64_t internal_date(std::string_view record, std::uint32_t version) {
    if (version < 20) return u32(record, 4);
    return static_cast<std::int64_t>(u64(record, 8)) / 1'000'000'000;  // nanoseconds
}

std::uint8_t flags_of(std::uint32_t cyrus, std::uint32_t version) {
    std::uint8_t flags = 0;
    if (cyrus & 0x01) flags |= mailstore::answered;
    if (cyrus & 0x02) flags |= mailstore::flagged;
    if (cyrus & 0x04) flags |= mailstore::deleted;
    if (cyrus & 0x08) flags |= mailstore::draft;
    if (version >= 12 && (cyrus & 0x10)) flags |= mailstore::seen;  // before that elsewhere
    return flags;
}

}  // namespace

std::expected<CyrusIndex, std::string> parse_cyrus_index(std::string_view data) {
    if (data.size() < 96) return std::unexpected("too short for an index");
    const std::uint32_t version = u32(data, 8), begin = u32(data, 12), record = u32(data, 16),
                        count = u32(data, 20);
    if (version < 8 || version > 20)
        return std::unexpected("an index of a version that is not known (" + std::to_string(version) + ")");
    const Layout& at = version < 20 ? before_20 : since_20;
    if (begin < 76 || begin > data.size() || record < at.smallest_record() || record > 1'024)
        return std::unexpected("the index's header is damaged");
    CyrusIndex index;
    index.uid_validity = u32(data, at.uid_validity);
    index.uid_next = u32(data, at.last_uid) + 1;
    // Appended records may not be counted yet.
    const std::size_t whole = (data.size() - begin) / record;
    for (std::size_t i = 0; i < std::min<std::size_t>(whole, count); ++i) {
        const std::string_view one = data.substr(begin + i * record, record);
        const std::uint32_t uid = u32(one, 0), bits = u32(one, at.bits);
        if (uid == 0) continue;
        CyrusMessage message;
        message.internal_date = internal_date(one, version);
        message.flags = flags_of(bits, version);
        message.gone = bits >> 30 & 3;
        message.user_flags.resize(user_flag_words * 32);
        for (std::size_t bit = 0; bit < message.user_flags.size(); ++bit)
            message.user_flags[bit] = u32(one, at.user_flags + bit / 32 * 4) >> (bit % 32) & 1;
        index.messages.insert_or_assign(uid, std::move(message));
        index.uid_next = std::max(index.uid_next, uid + 1);
    }
    return index;
}

namespace {

/// Since 3.6 the header is one list of names and values: %(T e N user.alice U (one two) A %(...)).
class HeaderList {
public:
    explicit HeaderList(std::string_view in) : in_{in} {}

    CyrusHeader read() {
        CyrusHeader header;
        if (!take("%(")) return header;
        while (!in_.empty() && !take(")")) {
            const std::string key = word();
            if (key.empty() || !take(" ")) return header;
            if (key == "N")
                header.name = word();
            else if (key == "T")
                header.type = word();
            else if (key == "U" && take("("))
                while (!in_.empty() && !take(")") && header.flags.size() < 128) {
                    header.flags.push_back(word());
                    if (header.flags.back().empty()) return header;
                    take(" ");
                }
            else
                skip();
            take(" ");
        }
        return header;
    }

private:
    bool take(std::string_view what) {
        if (!in_.starts_with(what)) return false;
        in_.remove_prefix(what.size());
        return true;
    }
    /// An atom or a quoted string; "" for what is neither.
    std::string word() {
        std::string out;
        if (take("\"")) {
            while (!in_.empty() && in_[0] != '"') {
                if (in_[0] == '\\' && in_.size() > 1) in_.remove_prefix(1);
                out.push_back(in_[0]);
                in_.remove_prefix(1);
            }
            take("\"");
            return out;
        }
        const std::size_t end = std::min(in_.find_first_of(" ()\r\n"), in_.size());
        out = in_.substr(0, end);
        in_.remove_prefix(end);
        return out;
    }
    /// A value that is of no interest.
    void skip() {
        int depth = 0;
        do {
            if (take("%(") || take("("))
                ++depth;
            else if (depth > 0 && take(")"))
                --depth;
            else if (depth == 0 || !take(" "))
                if (word().empty()) return;
        } while (depth > 0 && !in_.empty());
    }

    std::string_view in_;
};

}  // namespace

CyrusHeader parse_cyrus_header(std::string_view data) {
    // Three lines of magic; then the list, or the quota root and the mailbox's id, then the names of flags.
    CyrusHeader header;
    if (!data.starts_with("\xa1\x02\x8b\x0d"
                          "Cyrus mailbox header\n"))
        return header;
    auto line = [&] {
        const std::string_view one = data.substr(0, data.find('\n'));
        data.remove_prefix(std::min(one.size() + 1, data.size()));
        return one;
    };
    for (int magic = 0; magic < 3; ++magic) line();
    if (data.starts_with('%')) return HeaderList{data}.read();
    line();
    std::string_view names = line();
    while (!names.empty() && header.flags.size() < 128) {
        const std::size_t end = std::min(names.find(' '), names.size());
        if (end > 0) header.flags.emplace_back(names.substr(0, end));
        names.remove_prefix(std::min(end + 1, names.size()));
    }
    return header;
}

}  // namespace postrider::migration
