#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

/// Collations of RFC 4790 and RFC 5051: what "the same", "contains" and "before" mean to a search, a sort or
/// a filter. Two texts are the same when their folded forms are; one contains another when its folded form
/// does.
namespace postrider::text {

/// i;unicode-casemap (RFC 5051 §2): title case, then full compatibility decomposition. Malformed UTF-8 stays
/// as it is. Text that is US-ASCII, the common case, is only put in upper case.
std::string fold_unicode(std::string_view utf8);

/// i;ascii-casemap (RFC 4790 §9.2): a-z to upper case.
std::string fold_ascii(std::string_view text);

/// i;ascii-numeric (RFC 4790 §9.1): the digits that a text begins with, as a number of any length; a text
/// without one is positive infinity, equal to its like and above every number.
std::strong_ordering compare_numeric(std::string_view a, std::string_view b);

/// Looks for one text in many: folds the key once and a piece of text at a time.
class FoldedKey {
public:
    explicit FoldedKey(std::string_view utf8) : key_{fold_unicode(utf8)} {}
    bool in(std::string_view utf8) const;  ///< the text contains the key, by i;unicode-casemap
    const std::string& folded() const { return key_; }

private:
    std::string key_;
};

}  // namespace postrider::text
