#include "cli/wire/wildcard.h"

#include "text/ascii.h"

namespace postrider::cli {

bool matches_wildcard(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return true;
    std::size_t p = 0, t = 0, star = pattern.npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size()
                   && (pattern[p] == '?' || text::lower(pattern[p]) == text::lower(text[t]))) {
            ++p, ++t;
        } else if (star != pattern.npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

}  // namespace postrider::cli
