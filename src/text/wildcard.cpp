#include "text/wildcard.h"

#include "text/ascii.h"

namespace postrider::text {

bool matches_wildcard(std::string_view pattern, std::string_view text, Case case_of_letters) {
    const auto same = [&](char a, char b) {
        return case_of_letters == Case::kept ? a == b : lower(a) == lower(b);
    };
    std::size_t p = 0, t = 0;
    std::size_t star = std::string_view::npos, from = 0;  // where the last "*" stood, and what it has taken
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            from = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || same(pattern[p], text[t]))) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

}  // namespace postrider::text
