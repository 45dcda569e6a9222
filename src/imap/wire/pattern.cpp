#include "imap/wire/pattern.h"

#include <algorithm>

#include "text/ascii.h"

namespace postrider::imap {
namespace {

bool wild(char c) {
    return c == '*' || c == '%';
}

}  // namespace

Pattern::Pattern(std::string_view pattern) {
    bool usable = pattern.size() <= longest_pattern;
    for (char c : usable ? pattern : std::string_view{}) {
        if (wild(c) && !text_.empty() && wild(text_.back())) {
            if (c == '*') text_.back() = '*';  // "%*" and "*%" are "*"
        } else {
            text_ += c;
        }
    }
    inbox_ = text::to_upper(text_);
}

bool Pattern::matches(std::string_view path) const {
    if (text_.empty()) return false;
    return path == "INBOX" ? run(inbox_, path) : run(text_, path);  // RFC 9051 §5.1: INBOX in any case
}

/// Keeps the set of places in the pattern where the path read so far may stand: no input makes it slower than
/// pattern times path.
bool Pattern::run(std::string_view pattern, std::string_view path) {
    std::size_t size = pattern.size();
    std::vector<char> now(size + 1, 0), next(size + 1, 0);
    auto enter = [&](std::vector<char>& places, std::size_t at) {
        places[at] = 1;
        while (at < size && wild(pattern[at])) places[++at] = 1;  // a wildcard may stand for nothing
    };
    enter(now, 0);
    for (char c : path) {
        std::fill(next.begin(), next.end(), 0);
        bool any = false;
        for (std::size_t at = 0; at < size; ++at) {
            if (!now[at]) continue;
            if (pattern[at] == '*' || (pattern[at] == '%' && c != '/'))
                enter(next, at), any = true;
            else if (pattern[at] == c)
                enter(next, at + 1), any = true;
        }
        if (!any) return false;
        now.swap(next);
    }
    return now[size] != 0;
}

}  // namespace postrider::imap
