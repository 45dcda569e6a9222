#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

/// Where a word of a text ends and something else follows: what tells a text that has two words side by side
/// from the many that have both somewhere.
///
/// A junction is the last two characters of a word and the four that follow it. All junctions of a message's
/// body go into a filter, a few bits for each, that never denies one that is there and seldom affirms one
/// that is not. Whoever looks for a phrase asks for the junctions within it.
namespace postrider::index {

using Junction = std::uint64_t;  ///< its hash

/// The octets of a junction where a word ends at `end`: two characters before and four behind; "" where the
/// text has not as many. A character is what its first octet says: the same octets are the same junction
/// wherever they stand.
std::string_view octets_around(std::string_view text, std::size_t end);
Junction junction_of(std::string_view octets);

/// A filter as it is on disk: words of 64 bits. None at all: nothing is known, anything may be there.
using JunctionFilter = std::span<const std::uint64_t>;

bool may_have(JunctionFilter filter, Junction junction);

/// Collects the junctions of one message after the other.
class JunctionCollector {
public:
    void add(std::string_view text, std::size_t end) {
        const std::string_view octets = octets_around(text, end);
        if (!octets.empty()) add(junction_of(octets));
    }
    void add(Junction junction);
    /// Appends the filter of what was added since the last time, nothing when it was too much.
    void finish(std::vector<std::uint64_t>& filters);

private:
    void grow();

    std::vector<Junction> all_;
    std::vector<std::uint32_t> places_;  ///< in `all_`, plus 1, by hash
};

}  // namespace postrider::index
