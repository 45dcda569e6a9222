#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The twelve rights, sets of them, and the levels that people choose from.
namespace postrider::rights {

/// The letter is RFC 4314 §2.1's. The last two are about a whole account, not a folder.
enum class Right : std::uint8_t {
    lookup,        ///< l: sees that the folder is there
    read,          ///< r: opens it
    share_seen,    ///< s: what he reads is read for all; without it \Seen is private to each
    write_flags,   ///< w: flags other than \Seen and \Deleted
    insert,        ///< i and p: adds messages
    create,        ///< k: makes folders below
    remove,        ///< x: deletes or renames the folder
    mark_deleted,  ///< t: \Deleted
    expunge,       ///< e
    administer,    ///< a: manages these rights
    free_busy,     ///< sees when the account is busy
    send_as,       ///< sends in its name
};

class RightSet {
public:
    constexpr RightSet() = default;
    template <class... More>
    constexpr explicit RightSet(Right first, More... more) : bits_{mask(first)} {
        ((bits_ |= mask(more)), ...);
    }
    static constexpr RightSet of_bits(std::uint16_t bits) {
        RightSet set;
        set.bits_ = bits & 0x0fff;
        return set;
    }
    constexpr std::uint16_t bits() const { return bits_; }
    constexpr bool has(Right right) const { return bits_ & mask(right); }
    constexpr bool has_all(RightSet all) const { return (bits_ & all.bits_) == all.bits_; }
    constexpr bool has_any(RightSet any) const { return bits_ & any.bits_; }
    constexpr bool empty() const { return bits_ == 0; }

    friend constexpr RightSet operator|(RightSet a, RightSet b) { return of_bits(a.bits_ | b.bits_); }
    friend constexpr RightSet operator&(RightSet a, RightSet b) { return of_bits(a.bits_ & b.bits_); }
    /// Those of `a` that are not in `b`.
    friend constexpr RightSet operator-(RightSet a, RightSet b) {
        return of_bits(static_cast<std::uint16_t>(a.bits_ & ~b.bits_));
    }
    friend constexpr bool operator==(RightSet, RightSet) = default;

private:
    static constexpr std::uint16_t mask(Right right) {
        return static_cast<std::uint16_t>(1u << static_cast<unsigned>(right));
    }
    std::uint16_t bits_ = 0;
};

inline constexpr RightSet folder_rights = RightSet::of_bits(0x03ff);
inline constexpr RightSet account_rights{Right::free_busy, Right::send_as};
inline constexpr RightSet every_right = folder_rights | account_rights;

/// RFC 4314 §2.1: "lrswipkxteacd", the obsolete c (k or x) and d (t or e) with what they stand for (§2.1.1).
std::string letters(RightSet set);
/// The other way round; nullopt when a letter is none (digits and capitals are not).
std::optional<RightSet> rights_of_letters(std::string_view text);

/// "lookup", "read", "shareSeen", ...
std::string_view name(Right right);
std::optional<Right> right_named(std::string_view name);

/// What people choose instead of single rights.
enum class Level : std::uint8_t { no_access, viewer, contributor, editor, master, custom };
struct Grant {
    RightSet allow, deny;
    friend bool operator==(const Grant&, const Grant&) = default;
};
Grant grant_of(Level level);  ///< custom: nothing
Level level_of(Grant grant);
std::string_view name(Level level);
std::optional<Level> level_named(std::string_view name);

}  // namespace postrider::rights
