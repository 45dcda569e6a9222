#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::sieve {

/// The pattern of :matches (RFC 5228 §2.7.1): "*" stands for any characters, "?" for one, "\\" takes the
/// meaning from the next.
class Wildcard {
public:
    explicit Wildcard(std::string_view pattern);

    /// Where each wildcard lay in `text`: begin and size; they take as little as possible (RFC 5229 §3.2).
    using Captures = std::vector<std::pair<std::size_t, std::size_t>>;

    /// Time: at most the product of the lengths. `octets`: "?" is one octet, otherwise one UTF-8 character.
    bool match(std::string_view text, bool octets, Captures* captures) const;

private:
    /// Characters between two "*"; `any[i]`: a "?" stands there.
    struct Segment {
        std::string text;
        std::vector<bool> any;
        bool has_any = false;
        std::size_t characters = 0;  ///< how many "?" there are
    };
    /// Octets that the segment takes at `at`, or npos.
    static std::size_t fits(const Segment& segment, std::string_view text, std::size_t at, bool octets,
                            Captures* captures);
    static std::size_t find(const Segment& segment, std::string_view text, std::size_t from, bool octets,
                            std::size_t& size);

    std::vector<Segment> segments_;  ///< between them a "*" each; one alone: no "*" at all
};

}  // namespace postrider::sieve
