#include "imap/wire/literal_skip.h"

#include <algorithm>
#include <cstdint>

#include "text/ascii.h"

namespace postrider::imap {
namespace {

std::uint64_t announced(std::string_view line) {
    if (!line.ends_with('}')) return 0;
    std::size_t open = line.rfind('{');
    if (open == std::string_view::npos) return 0;
    std::string_view digits = line.substr(open + 1, line.size() - open - 2);
    if (digits.ends_with('+')) digits.remove_suffix(1);
    std::uint64_t size = 0;
    for (char c : digits) {
        if (!text::is_digit(c) || size > (1ull << 40)) return 0;
        size = size * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return size;
}

}  // namespace

std::string_view next_line(std::string_view& dialogue) {
    std::size_t end = dialogue.find("\r\n");
    std::string_view line = dialogue.substr(0, end);
    dialogue.remove_prefix(end == std::string_view::npos ? dialogue.size() : end + 2);
    dialogue.remove_prefix(
        static_cast<std::size_t>(std::min<std::uint64_t>(announced(line), dialogue.size())));
    return line;
}

}  // namespace postrider::imap
