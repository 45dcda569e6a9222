#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postrider::imap {

/// A LIST pattern (RFC 9051 §6.3.9): "*" stands for anything, "%" for anything without a '/'. Case matters
/// but in INBOX.
class Pattern {
public:
    /// @param pattern  reference and pattern joined, UTF-8
    explicit Pattern(std::string_view pattern);
    bool matches(std::string_view path) const;

private:
    static bool run(std::string_view pattern, std::string_view path);
    std::string text_;   ///< runs of wildcards joined into one
    std::string inbox_;  ///< the same in capitals, for INBOX
};

inline constexpr std::size_t longest_pattern = 2000;  ///< octets; a longer one matches nothing

}  // namespace postrider::imap
