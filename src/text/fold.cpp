#include "text/fold.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>

#include <algorithm>

#include "text/ascii.h"
#include "text/find_bytes.h"
#include "text/utf8.h"

namespace postrider::text {
namespace {

constexpr int longest_decomposition = 32;  // U+FDFA needs 18

void append_folded(std::string& out, char32_t c, const UNormalizer2* nfkd) {
    auto title = static_cast<char32_t>(u_totitle(static_cast<UChar32>(c)));
    if (title < 0x80) {
        out += static_cast<char>(title);
        return;
    }
    char16_t units[longest_decomposition];
    UErrorCode error = U_ZERO_ERROR;
    int length = nfkd == nullptr ? -1
                                 : unorm2_getDecomposition(nfkd, static_cast<UChar32>(title), units,
                                                           longest_decomposition, &error);
    if (length < 0 || U_FAILURE(error)) {
        append_utf8(out, title);
        return;
    }
    for (int i = 0; i < length;) {
        UChar32 piece;
        U16_NEXT(units, i, length, piece);
        append_utf8(out, static_cast<char32_t>(piece));
    }
}

std::string_view digits_of(std::string_view text) {
    std::size_t count = 0;
    while (count < text.size() && is_digit(text[count])) ++count;
    return text.substr(0, count);
}

}  // namespace

std::string fold_unicode(std::string_view utf8) {
    if (is_ascii(utf8)) return to_upper(utf8);
    UErrorCode error = U_ZERO_ERROR;
    const UNormalizer2* nfkd = unorm2_getNFKDInstance(&error);
    if (U_FAILURE(error)) nfkd = nullptr;
    std::string out;
    out.reserve(utf8.size() + utf8.size() / 4);
    while (!utf8.empty()) {
        if (static_cast<unsigned char>(utf8.front()) < 0x80) {
            out += upper(utf8.front());
            utf8.remove_prefix(1);
            continue;
        }
        std::string_view before = utf8;
        char32_t c = take_code_point(utf8);
        if (c == malformed)
            out.append(before.substr(0, before.size() - utf8.size()));
        else
            append_folded(out, c, nfkd);
    }
    return out;
}

std::string fold_ascii(std::string_view text) {
    return to_upper(text);
}

std::strong_ordering compare_numeric(std::string_view a, std::string_view b) {
    std::string_view left = digits_of(a);
    std::string_view right = digits_of(b);
    if (left.empty() || right.empty()) return left.empty() <=> right.empty();
    left.remove_prefix(std::min(left.find_first_not_of('0'), left.size()));
    right.remove_prefix(std::min(right.find_first_not_of('0'), right.size()));
    if (left.size() != right.size()) return left.size() <=> right.size();
    return left.compare(right) <=> 0;
}

bool FoldedKey::in(std::string_view utf8) const {
    if (key_.empty()) return true;
    return find_bytes(fold_unicode(utf8), key_) != std::string::npos;
}

}  // namespace postrider::text
