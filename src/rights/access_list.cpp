#include "rights/access_list.h"

#include <algorithm>
#include <set>

#include "base/codec.h"

namespace postrider::rights {
namespace {

constexpr std::uint8_t version = 1;
enum EntryBits : std::uint8_t { holds_below = 1, is_copied = 2 };

}  // namespace

std::string encode(const AccessList& list) {
    std::string out;
    out.push_back(static_cast<char>(version));
    put_varint(out, list.size());
    for (const Entry& entry : list) {
        out.push_back(static_cast<char>(entry.who.kind));
        put_varint(out, entry.who.id);
        put_be(out, entry.allow.bits());
        put_be(out, entry.deny.bits());
        out.push_back(static_cast<char>((entry.below ? holds_below : 0) | (entry.copied ? is_copied : 0)));
    }
    return out;
}

std::optional<AccessList> decode_access_list(std::string_view bytes) {
    Decoder in{bytes};
    if (in.be<std::uint8_t>() != version) return std::nullopt;
    const std::uint64_t count = in.varint();
    if (count > max_entries) return std::nullopt;
    AccessList list;
    list.reserve(count);
    std::set<Principal> known;
    for (std::uint64_t i = 0; i < count; ++i) {
        Entry entry;
        const auto kind = in.be<std::uint8_t>();
        if (kind > static_cast<std::uint8_t>(Principal::Kind::group)) return std::nullopt;
        entry.who.kind = static_cast<Principal::Kind>(kind);
        entry.who.id = in.varint();
        const auto allow = in.be<std::uint16_t>(), deny = in.be<std::uint16_t>();
        const auto bits = in.be<std::uint8_t>();
        if (!in.ok() || (allow | deny) > every_right.bits() || bits > (holds_below | is_copied))
            return std::nullopt;
        entry.allow = RightSet::of_bits(allow);
        entry.deny = RightSet::of_bits(deny);
        entry.below = bits & holds_below;
        entry.copied = bits & is_copied;
        if (!known.insert(entry.who).second) return std::nullopt;
        list.push_back(entry);
    }
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return list;
}

bool Who::is(const Principal& principal) const {
    switch (principal.kind) {
        case Principal::Kind::everyone: return principal.id == domain.value();
        case Principal::Kind::account: return principal.id == account.value();
        case Principal::Kind::group: break;
    }
    return std::binary_search(groups.begin(), groups.end(), AccountId{principal.id});
}

RightSet evaluate(const Who& who, std::span<const AccessList* const> lists) {
    RightSet allowed, denied;
    for (std::size_t level = 0; level < lists.size(); ++level) {
        if (lists[level] == nullptr) continue;
        for (const Entry& entry : *lists[level]) {
            if ((level > 0 && !entry.below) || !who.is(entry.who)) continue;
            allowed = allowed | entry.allow;
            denied = denied | entry.deny;
        }
    }
    return allowed - denied;
}

}  // namespace postrider::rights
