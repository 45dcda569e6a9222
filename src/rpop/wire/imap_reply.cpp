#include "rpop/wire/imap_reply.h"

#include <algorithm>
#include <charconv>

#include "text/ascii.h"

namespace postrider::rpop {
namespace {

constexpr int max_nesting = 50;

template <class T>
bool take_number(std::string_view& text, T& value) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end == text.data()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

std::string_view take_word(std::string_view& text) {
    std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    while (text.starts_with(' ')) text.remove_prefix(1);
    return word;
}

/// After the opening quote; false when it does not end.
bool take_quoted(std::string_view& text, std::string& out) {
    while (!text.empty()) {
        char c = text.front();
        text.remove_prefix(1);
        if (c == '"') return true;
        if (c == '\\' && !text.empty()) {
            c = text.front();
            text.remove_prefix(1);
        }
        out += c;
    }
    return false;
}

/// "{12}" at the front.
bool take_literal_mark(std::string_view& text) {
    std::string_view rest = text;
    if (rest.starts_with('~')) rest.remove_prefix(1);
    std::uint64_t size = 0;
    if (!rest.starts_with('{')) return false;
    rest.remove_prefix(1);
    if (!take_number(rest, size)) return false;
    if (rest.starts_with('+')) rest.remove_prefix(1);
    if (!rest.starts_with('}')) return false;
    text = rest.substr(1);
    return true;
}

/// One value of whatever kind; counts the literals that it passes.
bool skip_value(std::string_view& text, std::size_t& literals, int depth = 0) {
    if (depth > max_nesting || text.empty()) return false;
    if (text.front() == '"') {
        std::string ignored;
        text.remove_prefix(1);
        return take_quoted(text, ignored);
    }
    if (take_literal_mark(text)) {
        ++literals;
        return true;
    }
    if (text.front() == '(') {
        text.remove_prefix(1);
        while (!text.empty() && text.front() != ')') {
            if (text.front() == ' ') {
                text.remove_prefix(1);
                continue;
            }
            if (!skip_value(text, literals, depth + 1)) return false;
        }
        if (text.empty()) return false;
        text.remove_prefix(1);
        return true;
    }
    auto end = text.find_first_of(" ()");
    if (end == 0) return false;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
    return true;
}

/// The name of a FETCH item: BODY[HEADER.FIELDS (A B)]<0> is one.
std::string_view take_item(std::string_view& text) {
    std::size_t i = 0;
    bool inside = false;
    for (; i < text.size(); ++i) {
        if (text[i] == '[') inside = true;
        if (text[i] == ']') inside = false;
        if (!inside && (text[i] == ' ' || text[i] == ')')) break;
    }
    std::string_view item = text.substr(0, i);
    text.remove_prefix(i);
    return item;
}

}  // namespace

std::optional<ImapReply> parse_imap(std::string_view line) {
    ImapReply reply;
    if (line.starts_with('+')) {
        reply.kind = ImapReply::Kind::continuation;
        reply.text = text::trim(line.substr(1));
        return reply;
    }
    std::string_view rest = line;
    std::string_view first = take_word(rest);
    if (first.empty()) return std::nullopt;
    if (first != "*") {
        reply.kind = ImapReply::Kind::tagged;
        reply.tag = first;
    }
    reply.word = take_word(rest);
    if (reply.kind == ImapReply::Kind::untagged && !reply.word.empty()
        && text::is_digit(reply.word.front())) {
        std::string_view digits = reply.word;
        if (!take_number(digits, reply.number) || !digits.empty()) return std::nullopt;
        reply.word = take_word(rest);
    }
    if (reply.word.empty()) return std::nullopt;
    bool status = false;
    for (std::string_view word : {"OK", "NO", "BAD", "BYE", "PREAUTH"})
        status = status || text::equal_ci(reply.word, word);
    if (status && rest.starts_with('[')) {
        auto close = rest.find(']');
        if (close != std::string_view::npos) {
            reply.code = rest.substr(1, close - 1);
            rest.remove_prefix(close + 1);
        }
    }
    reply.text = text::trim(rest);
    return reply;
}

std::optional<std::uint64_t> literal_at_end(std::string_view line) {
    if (!line.ends_with('}')) return std::nullopt;
    auto open = line.rfind('{');
    if (open == std::string_view::npos) return std::nullopt;
    std::string_view inside = line.substr(open + 1, line.size() - open - 2);
    if (inside.ends_with('+')) inside.remove_suffix(1);
    std::uint64_t size = 0;
    if (!take_number(inside, size) || !inside.empty()) return std::nullopt;
    return size;
}

std::optional<Fetched> parse_fetch(std::string_view text) {
    if (!text.starts_with('(')) return std::nullopt;
    text.remove_prefix(1);
    Fetched fetched;
    std::size_t literals = 0;
    while (true) {
        while (text.starts_with(' ')) text.remove_prefix(1);
        if (text.starts_with(')')) return fetched;
        std::string_view item = take_item(text);
        if (item.empty() || !text.starts_with(' ')) return std::nullopt;
        text.remove_prefix(1);
        if (text::equal_ci(item, "UID")) {
            if (!take_number(text, fetched.uid)) return std::nullopt;
        } else if (text::equal_ci(item, "RFC822.SIZE")) {
            std::uint64_t size = 0;
            if (!take_number(text, size)) return std::nullopt;
            fetched.size = size;
        } else if (text::equal_ci(item, "BODY[]") || text::equal_ci(item, "RFC822")) {
            if (text.starts_with('"')) {
                text.remove_prefix(1);
                std::string quoted;
                if (!take_quoted(text, quoted)) return std::nullopt;
                fetched.quoted = std::move(quoted);
            } else if (std::string_view before = text; take_literal_mark(before)) {
                text = before;
                fetched.literal = literals++;
            } else if (!skip_value(text, literals)) {
                return std::nullopt;
            }
        } else if (!skip_value(text, literals)) {
            return std::nullopt;
        }
    }
}

std::vector<std::uint32_t> parse_search(std::string_view text, std::size_t limit) {
    std::vector<std::uint32_t> all;
    while (!text.empty() && all.size() < limit) {
        while (text.starts_with(' ')) text.remove_prefix(1);
        std::uint32_t number = 0;
        if (text.empty() || !take_number(text, number)) break;  // "(MODSEQ n)" may end it (RFC 7162 §3.1.5)
        if (number != 0) all.push_back(number);
    }
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

std::optional<std::uint32_t> code_number(std::string_view code, std::string_view name) {
    if (!text::starts_with_ci(code, name) || code.size() <= name.size() || code[name.size()] != ' ')
        return std::nullopt;
    code.remove_prefix(name.size() + 1);
    std::uint32_t number = 0;
    if (!take_number(code, number)) return std::nullopt;
    return number;
}

bool has_word(std::string_view words, std::string_view word) {
    while (!words.empty()) {
        while (words.starts_with(' ')) words.remove_prefix(1);
        std::string_view one = words.substr(0, words.find(' '));
        if (text::equal_ci(one, word)) return true;
        words.remove_prefix(one.size());
    }
    return false;
}

std::optional<std::string> quote(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        auto octet = static_cast<unsigned char>(c);
        if (octet < 0x20 || octet > 0x7e) return std::nullopt;
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

}  // namespace postrider::rpop
