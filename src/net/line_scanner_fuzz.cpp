#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "net/line_scanner.h"

using namespace postrider::net;

namespace {

struct Seen {
    Line::Kind kind;
    std::string text;
    bool operator==(const Seen&) const = default;
};

void require(bool holds) {
    if (!holds) std::abort();
}

std::vector<Seen> scan(std::string_view octets, std::size_t limit, std::size_t piece) {
    LineScanner scanner;
    std::vector<Seen> seen;
    std::string buffer;
    while (true) {
        std::size_t used = 0;
        const auto line = scanner.scan(buffer, limit, used);
        require(used <= buffer.size());
        if (line) seen.push_back({line->kind, std::string{line->text}});
        buffer.erase(0, used);
        if (line) continue;
        require(buffer.size() <= limit + 1);
        if (octets.empty()) return seen;
        const std::size_t next = std::min(piece, octets.size());
        buffer.append(octets.substr(0, next));
        octets.remove_prefix(next);
    }
}

/// The same, as simply as it can be said.
std::vector<Seen> split(std::string_view octets, std::size_t limit) {
    std::vector<Seen> seen;
    for (std::size_t lf = octets.find('\n'); lf != std::string_view::npos; lf = octets.find('\n')) {
        std::string_view text = octets.substr(0, lf);
        octets.remove_prefix(lf + 1);
        const bool crlf = text.ends_with('\r');
        if (crlf) text.remove_suffix(1);
        if (text.size() > limit)
            seen.push_back({Line::Kind::too_long, ""});
        else
            seen.push_back({crlf ? Line::Kind::text : Line::Kind::bare_lf, std::string{text}});
    }
    return seen;
}

}  // namespace

/// However the octets are cut, the lines are the same. First octet: the limit; second: the size of the
/// pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t limit = data[0];
    const std::size_t piece = data[1] + 1U;
    const std::string_view octets{reinterpret_cast<const char*>(data) + 2, size - 2};
    require(scan(octets, limit, piece) == split(octets, limit));
    return 0;
}
