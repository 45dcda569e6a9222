#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "rights/right.h"

/// Who may do what with one folder: entries, their bytes (docs/formats/rights.md), and what they come to.
/// Pure.
namespace postrider::rights {

/// To whom an entry speaks.
struct Principal {
    enum class Kind : std::uint8_t { everyone, account, group };  ///< everyone: of the domain with that id
    Kind kind = Kind::account;
    std::uint64_t id = 0;  ///< of the domain, the account or the group
    friend auto operator<=>(const Principal&, const Principal&) = default;

    static Principal everyone(DomainId domain) { return {Kind::everyone, domain.value()}; }
    static Principal account(AccountId id) { return {Kind::account, id.value()}; }
    static Principal group(AccountId id) { return {Kind::group, id.value()}; }
};

struct Entry {
    Principal who;
    RightSet allow, deny;
    bool below = false;   ///< holds for the folders below too
    bool copied = false;  ///< a folder that somebody makes in this one gets a copy: RFC 4314 §4, CREATE
    friend bool operator==(const Entry&, const Entry&) = default;
};
using AccessList = std::vector<Entry>;  ///< at most one entry for a principal

inline constexpr std::size_t max_entries = 1'000;

std::string encode(const AccessList& list);
/// nullopt for what is damaged or newer than this server.
std::optional<AccessList> decode_access_list(std::string_view bytes);

/// Somebody who asks: himself, everyone of his domain, and every group that he is in, groups in groups too.
struct Who {
    AccountId account;
    DomainId domain;
    std::vector<AccountId> groups;  ///< ascending
    bool is(const Principal& principal) const;
};

/// What the lists of a folder and of those above it, the folder's first, come to: a right that any entry for
/// somebody denies is denied, else one that any allows is allowed.
RightSet evaluate(const Who& who, std::span<const AccessList* const> lists);

}  // namespace postrider::rights
