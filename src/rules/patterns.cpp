#include "rules/patterns.h"

#include <algorithm>

#include "text/ascii.h"
#include "text/idna.h"

namespace postrider::rules {
namespace {

/// '*' stands for any run of octets. Each star is tried once from left to right: linear but for restarts, and
/// both sides are short (an address has at most 320 octets).
bool wildcard(std::string_view pattern, std::string_view text) {
    std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.size() && text::lower(pattern[p]) == text::lower(text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

bool domain_matches(std::string_view pattern, std::string_view domain) {
    if (pattern == "*") return true;
    bool below = pattern.starts_with("*.");
    if (below) pattern.remove_prefix(2);
    std::string readable;
    if (!text::is_ascii(pattern) || pattern.find("--") != std::string_view::npos) {
        readable = text::to_ulabels(pattern);
        pattern = readable;
    }
    if (below)
        return domain.size() > pattern.size() + 1 && domain[domain.size() - pattern.size() - 1] == '.'
               && text::equal_ci(domain.substr(domain.size() - pattern.size()), pattern);
    return text::equal_ci(domain, pattern);
}

}  // namespace

bool matches(std::string_view pattern, const mime::AddrSpec& address) {
    pattern = text::trim(pattern);
    if (pattern.empty()) return false;
    auto at = pattern.rfind('@');
    if (at == std::string_view::npos) return domain_matches(pattern, address.domain);
    std::string_view local = pattern.substr(0, at);
    return domain_matches(pattern.substr(at + 1), address.domain)
           && (local.empty() || wildcard(local, address.local));
}

bool matches_any(const std::vector<std::string>& patterns, const mime::AddrSpec& address) {
    return std::ranges::any_of(patterns,
                               [&](const std::string& pattern) { return matches(pattern, address); });
}

bool is_within(std::string_view name, std::string_view domain) {
    if (!name.ends_with(domain)) return false;
    return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

}  // namespace postrider::rules
