#include <cstdint>
#include <cstdlib>
#include <string>

#include "pop3/session/maildrop.h"

using namespace postrider::pop3;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// What a client makes of a multi-line answer (RFC 1939 §3); it must end where the answer ends.
std::string read_multiline(std::string_view answer) {
    std::string text;
    while (true) {
        const auto end = answer.find("\r\n");
        require(end != answer.npos);
        std::string_view line = answer.substr(0, end);
        answer.remove_prefix(end + 2);
        if (line == ".") break;
        if (line.starts_with('.')) line.remove_prefix(1);
        text.append(line).append("\r\n");
    }
    require(answer.empty());
    return text;
}

/// A stored message has CRLF only.
std::string stored(std::string_view octets) {
    std::string text;
    for (char c : octets) {
        if (c == '\r') continue;
        if (c == '\n') text += '\r';
        text += c;
    }
    return text;
}

}  // namespace

/// What RETR sends reads back as what is stored, and TOP cuts where it says, whether it saw all of the text
/// or only the beginning. First octet: the lines that TOP wants.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::uint64_t lines = data[0];
    const std::string text = stored({reinterpret_cast<const char*>(data) + 1, size - 1});
    const std::string back = read_multiline(multiline(text));
    require(back == text || (!text.ends_with("\r\n") && back == text + "\r\n"));

    const Cut whole = cut_top(text, lines);
    require(whole.size <= text.size() && (whole.complete || whole.size == text.size()));
    const std::string_view head = std::string_view{text}.substr(0, whole.size);
    if (whole.complete) require(head.ends_with("\r\n") && cut_top(head, lines).size == whole.size);
    for (std::size_t seen = 0; seen <= text.size(); seen += 1 + text.size() / 8) {
        const Cut part = cut_top(std::string_view{text}.substr(0, seen), lines);
        require(part.complete == (whole.complete && whole.size <= seen));
        if (part.complete) require(part.size == whole.size);
    }
    return 0;
}
