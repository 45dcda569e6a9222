#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "imap/wire/search.h"

namespace postrider::imap {

/// sort-criterion. RFC 5256 §3 and §5, RFC 5957 §3, RFC 6203 §6.
struct SortKey {
    enum class Kind : std::uint8_t {
        arrival,
        cc,
        date,
        from,
        size,
        subject,
        to,
        display_from,
        display_to,
        relevancy
    };
    Kind kind = Kind::arrival;
    bool reverse = false;
    friend bool operator==(SortKey, SortKey) = default;
};

inline constexpr std::size_t max_sort_keys = 32;

/// What follows "SORT ": ["RETURN" ...] "(" sort-criteria ")" SP charset SP search-keys. RFC 5256 §3, RFC
/// 5267 §3.
struct SortArgs {
    std::vector<SortKey> keys;  ///< at least one
    SearchArgs search;
};
Parsed<SortArgs> parse_sort(std::string_view args);

/// What follows "THREAD ". RFC 5256 §3; REFS is draft-ietf-morg-inthread §4.
struct ThreadArgs {
    enum class Algorithm : std::uint8_t { ordered_subject, references, refs };
    Algorithm algorithm = Algorithm::references;
    SearchArgs search;
};
Parsed<ThreadArgs> parse_thread(std::string_view args);

}  // namespace postrider::imap
