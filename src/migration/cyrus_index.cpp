#include "migration/cyrus_index.h"

#include <algorithm>

#include "base/codec.h"

namespace postrider::migration {
namespace {

std::uint32_t u32(std::string_view data, std::size_t at) {
    return Decoder{data.substr(at, 4)}.be<std::uint32_t>();
}

constexpr std::size_t user_flag_words = 4;
constexpr std::size_t smallest_record = 36 + user_flag_words * 4;

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
    if (version < 8 || version > 19)
        return std::unexpected("an index of a version that is not known (" + std::to_string(version) + ")");
    if (begin < 76 || begin > data.size() || record < smallest_record || record > 1'024)
        return std::unexpected("the index's header is damaged");
    CyrusIndex index;
    index.uid_validity = u32(data, 44);
    index.uid_next = u32(data, 28) + 1;
    // Appended records may not be counted yet.
    const std::size_t whole = (data.size() - begin) / record;
    for (std::size_t i = 0; i < std::min<std::size_t>(whole, count); ++i) {
        const std::string_view one = data.substr(begin + i * record, record);
        const std::uint32_t uid = u32(one, 0), bits = u32(one, 32);
        if (uid == 0) continue;
        CyrusMessage message;
        message.internal_date = u32(one, 4);
        message.flags = flags_of(bits, version);
        message.gone = bits >> 30 & 3;
        message.user_flags.resize(user_flag_words * 32);
        for (std::size_t bit = 0; bit < message.user_flags.size(); ++bit)
            message.user_flags[bit] = u32(one, 36 + bit / 32 * 4) >> (bit % 32) & 1;
        index.messages.insert_or_assign(uid, std::move(message));
        index.uid_next = std::max(index.uid_next, uid + 1);
    }
    return index;
}

std::vector<std::string> parse_cyrus_header(std::string_view data) {
    // Three lines of magic, the quota root and the mailbox's id, then the names of flags.
    std::vector<std::string> names;
    if (!data.starts_with("\xa1\x02\x8b\x0d"
                          "Cyrus mailbox header\n"))
        return names;
    for (int line = 0; line < 4; ++line) {
        const std::size_t end = data.find('\n');
        if (end == std::string_view::npos) return names;
        data.remove_prefix(end + 1);
    }
    if (data.starts_with('%')) return names;  // a list of another kind
    std::string_view line = data.substr(0, data.find('\n'));
    while (!line.empty() && names.size() < 128) {
        const std::size_t end = std::min(line.find(' '), line.size());
        if (end > 0) names.emplace_back(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return names;
}

}  // namespace postrider::migration
