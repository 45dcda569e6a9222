#include "imap/session/collation.h"

#include "text/ascii.h"
#include "text/find_bytes.h"
#include "text/fold.h"

namespace postrider::imap {
namespace {

constexpr Collation all[] = {Collation::unicode_casemap, Collation::ascii_casemap, Collation::octet};

/// "i;*": stars stand for anything, and nothing else is special.
bool matches(std::string_view pattern, std::string_view name) {
    std::size_t star = pattern.find('*');
    if (star == std::string_view::npos) return text::equal_ci(pattern, name);
    if (!text::starts_with_ci(name, pattern.substr(0, star))) return false;
    name.remove_prefix(star);
    pattern.remove_prefix(star + 1);
    for (std::size_t skip = 0; skip <= name.size(); ++skip)
        if (matches(pattern, name.substr(skip))) return true;
    return false;
}

}  // namespace

std::string_view name(Collation collation) {
    switch (collation) {
        case Collation::unicode_casemap: break;
        case Collation::ascii_casemap: return "i;ascii-casemap";
        case Collation::octet: return "i;octet";
    }
    return "i;unicode-casemap";
}

std::optional<Collation> collation_matching(std::string_view order) {
    if (text::equal_ci(order, "default")) return Collation::unicode_casemap;
    constexpr std::size_t longest_order = 64, most_stars = 3;
    std::size_t stars = 0;
    for (char c : order) stars += c == '*';
    if (order.size() > longest_order || stars > most_stars) return std::nullopt;
    for (Collation one : all)
        if (matches(order, name(one))) return one;
    return std::nullopt;
}

std::string fold(Collation collation, std::string_view utf8) {
    switch (collation) {
        case Collation::unicode_casemap: break;
        case Collation::ascii_casemap: return text::fold_ascii(utf8);
        case Collation::octet: return std::string{utf8};
    }
    return text::fold_unicode(utf8);
}

bool Needle::in(std::string_view utf8) const {
    if (key_.empty()) return true;
    if (collation_ == Collation::octet) return text::find_bytes(utf8, key_) != std::string_view::npos;
    return text::find_bytes(fold(collation_, utf8), key_) != std::string::npos;
}

}  // namespace postrider::imap
