#pragma once

#include <cstdint>
#include <vector>

#include "imap/wire/search.h"

namespace postrider::imap {

/// A key that finds what a fuzzy key may mean, and how relevant that is (RFC 6203 §4).
struct Alternative {
    SearchKey key;
    std::uint8_t weight = 0;  ///< 1 to 100
};

inline constexpr std::size_t max_fuzzy_words = 10;

/// The key itself, and keys that are less strict: the words of a text in any order, in the subject before the
/// rest; the beginnings of its words, so that "painted" finds "painting"; dates some days around, sizes and
/// ages within a tenth. A key of another kind has no alternatives but itself. Texts are UTF-8.
std::vector<Alternative> alternatives(const SearchKey& key);

}  // namespace postrider::imap
