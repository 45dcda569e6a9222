#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::imap {

/// The comparator that SEARCH, SORT and THREAD use (RFC 5255 §4.3): i;unicode-casemap unless the client chose
/// another one.
enum class Collation : std::uint8_t { unicode_casemap, ascii_casemap, octet };

std::string_view name(Collation collation);  ///< "i;unicode-casemap"
/// The first that a collation order of RFC 4790 §4.2 means: a name, with "*" for anything, or "default".
std::optional<Collation> collation_matching(std::string_view order);

/// Texts are equal when their folded forms are, and ordered as these are.
std::string fold(Collation collation, std::string_view utf8);

/// Looks for one text in many.
class Needle {
public:
    Needle() = default;
    Needle(Collation collation, std::string_view utf8) : collation_{collation}, key_{fold(collation, utf8)} {}
    bool in(std::string_view utf8) const;
    const std::string& folded() const { return key_; }

private:
    Collation collation_ = Collation::unicode_casemap;
    std::string key_;
};

}  // namespace postrider::imap
