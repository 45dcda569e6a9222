#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "imap/wire/pattern.h"
#include "text/ascii.h"

using namespace postrider;

namespace {

/// RFC 9051 §6.3.9 as simply as it can be said; slow.
bool plain(std::string_view pattern, std::string_view path) {
    if (pattern.empty()) return path.empty();
    const char first = pattern.front();
    if (first != '*' && first != '%')
        return !path.empty() && path.front() == first && plain(pattern.substr(1), path.substr(1));
    for (std::size_t taken = 0; taken <= path.size(); ++taken) {
        if (plain(pattern.substr(1), path.substr(taken))) return true;
        if (taken < path.size() && first == '%' && path[taken] == '/') break;
    }
    return false;
}

}  // namespace

/// A pattern, LF, a path: the fast matcher agrees with the plain one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view octets{reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 200)};
    const auto lf = octets.find('\n');
    if (lf == octets.npos) return 0;
    const std::string_view pattern = octets.substr(0, lf), path = octets.substr(lf + 1);
    const bool matches = imap::Pattern{pattern}.matches(path);
    const auto wildcards = std::ranges::count_if(pattern, [](char c) { return c == '*' || c == '%'; });
    if (pattern.empty() || wildcards > 4 || path.size() > 60) return 0;
    if (matches != plain(path == "INBOX" ? text::to_upper(pattern) : pattern, path)) std::abort();
    return 0;
}
