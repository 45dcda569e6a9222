#pragma once

#include <cstdint>
#include <vector>

#include "mailstore/types.h"

/// Folders of kind `search`. Their items are copies of records, not of messages: each is linked to the
/// message that it stands for, counts for no quota, and goes with it. Whoever can evaluate the search keeps
/// the links up to date from the change log (Account::relink()); flags that are set here are set there, and
/// so with expunges.
namespace postrider::mailstore {

/// The criteria and the folders that are searched: annotations of the folder, which go with it.
inline constexpr std::string_view search_criteria_entry = "/private/vendor/postrider/search";
inline constexpr std::string_view search_sources_entry = "search/sources";  ///< ids by spaces; missing: all

inline constexpr std::size_t max_search_folders = 50;      ///< of an account
inline constexpr std::size_t max_links = 200'000;          ///< of one search folder
inline constexpr std::size_t max_links_at_once = 2'000;    ///< in one change
inline constexpr std::size_t max_search_criteria = 4'096;  ///< octets

/// A message where it lies.
struct Link {
    FolderId folder;
    Uid uid;
    friend auto operator<=>(const Link&, const Link&) = default;
};

/// Up to where a search folder is known to be right.
struct LinkState {
    ModSeq upto;                 ///< of the account's change log; 0: never evaluated
    std::int64_t evaluated = 0;  ///< when all of it was last looked at: seconds since 1970
    std::uint64_t criteria = 0;  ///< a hash of what was searched then
    friend bool operator==(const LinkState&, const LinkState&) = default;
};

struct Relink {
    LinkState before, after;
    std::vector<Link> add;      ///< what is there already, or nowhere, is passed over
    std::vector<Link> remove;   ///< likewise
    std::vector<Link> refresh;  ///< take the flags over from where they lie
};

}  // namespace postrider::mailstore
