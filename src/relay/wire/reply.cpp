#include "relay/wire/reply.h"

#include "text/ascii.h"
#include "text/utf8.h"

namespace postrider::relay {
namespace {

constexpr std::size_t max_shown = 800;

/// 1*3DIGIT at `at`; how many.
std::size_t digits(std::string_view text, std::size_t at) {
    std::size_t count = 0;
    while (count < 4 && at + count < text.size() && text::is_digit(text[at + count])) ++count;
    return count >= 1 && count <= 3 ? count : 0;
}

}  // namespace

std::string_view enhanced_code(std::string_view text) {
    if (text.size() < 5 || (text[0] != '2' && text[0] != '4' && text[0] != '5') || text[1] != '.') return {};
    const std::size_t subject = digits(text, 2);
    if (subject == 0 || 2 + subject >= text.size() || text[2 + subject] != '.') return {};
    const std::size_t detail = digits(text, 3 + subject);
    if (detail == 0) return {};
    const std::size_t size = 3 + subject + detail;
    if (size < text.size() && text[size] != ' ') return {};
    return text.substr(0, size);
}

ReplyReader::State ReplyReader::take(std::string_view line) {
    if (++lines_ > max_reply_lines || line.size() > max_reply_line
        || reply_.text.size() + line.size() > max_reply_text)
        return State::malformed;
    if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !text::is_digit(line[1])
        || !text::is_digit(line[2]))
        return State::malformed;
    // RFC 5321 §4.2.1: a client must also take a code without text behind it.
    const char separator = line.size() > 3 ? line[3] : ' ';
    if (separator != ' ' && separator != '-') return State::malformed;
    const std::string_view text = line.size() > 4 ? line.substr(4) : std::string_view{};
    reply_.code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    if (lines_ > 1) reply_.text.push_back('\n');
    reply_.text.append(text);
    if (separator == '-') return State::more;
    const std::string_view status = enhanced_code(text);
    // RFC 2034 §4: the class says the same as the first digit of the code, or it says nothing.
    if (!status.empty() && status[0] == line[0])
        reply_.status.assign(status);
    else
        reply_.status.clear();
    return State::done;
}

void ReplyReader::reset() {
    reply_ = {};
    lines_ = 0;
}

std::string Reply::line() const {
    std::string out = std::to_string(code);
    out.reserve(out.size() + 1 + text.size());
    std::string_view rest = text;
    bool first = true;
    while (true) {
        const std::size_t end = rest.find('\n');
        std::string_view one = rest.substr(0, end);
        // The enhanced code stands in each line; once is enough.
        if (!first && !status.empty() && one.starts_with(status)) one.remove_prefix(status.size());
        first = false;
        while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
        if (!one.empty()) {
            out.push_back(' ');
            for (const char c : one) {
                const auto octet = static_cast<unsigned char>(c);
                out.push_back(octet < 32 || octet == 127 ? ' ' : c);
            }
        }
        if (end == std::string_view::npos || out.size() > max_shown) break;
        rest.remove_prefix(end + 1);
    }
    if (!text::valid_utf8(out))
        for (char& c : out)
            if (static_cast<unsigned char>(c) > 126) c = '?';
    if (out.size() > max_shown) out = std::string{text::truncate_utf8(out, max_shown)};
    return out;
}

std::string Reply::status_or(std::string_view subject) const {
    if (!status.empty()) return status;
    std::string out{permanent() ? '5' : temporary() ? '4' : '2'};
    return out.append(".").append(subject);
}

}  // namespace postrider::relay
