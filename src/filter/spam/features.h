#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mime/description.h"

namespace postrider::filter {

/// What a message consists of, for counting: a number for each different word, pair of neighbouring words,
/// and property of its header, links and parts. Never 0. The same message gives the same numbers on every
/// machine.
using Features = std::vector<std::uint64_t>;

struct FeatureLimits {
    std::size_t max_features = 1500;
    std::size_t max_text = 64u << 10;    ///< octets of decoded text looked at
    std::size_t max_header = 32u << 10;  ///< and of the header
};

/// @param message  header and body; the views are not kept. Never fails.
Features features_of(std::string_view message, const std::vector<mime::Part>& parts,
                     const FeatureLimits& limits = {});
Features features_of(std::string_view message);

/// Calls `word` with each word of a text, in lower case: runs of letters, digits, and of what stands inside
/// of words; for scripts without blanks each pair of characters. Words of 3 to 30 octets; what is longer
/// becomes its beginning. Template so that a lambda is inlined: this is the inner loop.
template <class Word>
void each_word(std::string_view text, std::string& scratch, Word word);

std::uint64_t feature_hash(std::string_view text, std::uint64_t seed);

}  // namespace postrider::filter

#include "filter/spam/words_inl.h"
