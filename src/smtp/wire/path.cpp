#include "smtp/wire/path.h"

#include <algorithm>
#include <charconv>

#include "text/ascii.h"

namespace postrider::smtp {
namespace {

/// Offset of the ">" that closes the path; quoted strings may hold one (RFC 5321 §4.1.2, Quoted-string).
std::size_t closing_bracket(std::string_view text) {
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quoted && text[i] == '\\')
            ++i;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (text[i] == '>' && !quoted)
            return i;
    }
    return std::string_view::npos;
}

bool is_keyword(std::string_view text) {  // esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
    auto alnum = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !text.empty() && alnum(text[0])
           && std::ranges::all_of(text, [&](char c) { return alnum(c) || c == '-'; });
}

bool is_value(std::string_view text) {  // esmtp-value: no "=", SP or control; UTF-8 allowed (RFC 6531 §3.3)
    return !text.empty() && std::ranges::none_of(text, [](char c) {
        return c == '=' || static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
    });
}

void append_utf8(std::string& out, std::uint32_t code) {
    if (code < 0x80) {
        out.push_back(static_cast<char>(code));
    } else if (code < 0x800) {
        out.push_back(static_cast<char>(0xc0 | code >> 6));
        out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        out.push_back(static_cast<char>(0xe0 | code >> 12));
        out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
        out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
    } else {
        out.push_back(static_cast<char>(0xf0 | code >> 18));
        out.push_back(static_cast<char>(0x80 | (code >> 12 & 0x3f)));
        out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
        out.push_back(static_cast<char>(0x80 | (code & 0x3f)));
    }
}

template <class Number>
std::optional<Number> hex(std::string_view digits) {
    Number value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

}  // namespace

ParsedPath parse_path_arguments(std::string_view input, std::string_view keyword) {
    ParsedPath failed;
    std::string_view rest = input;
    if (rest.size() <= keyword.size() || !text::equal_ci(rest.substr(0, keyword.size()), keyword)
        || rest[keyword.size()] != ':')
        return failed;
    rest.remove_prefix(keyword.size() + 1);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    if (!rest.starts_with('<')) return failed;
    rest.remove_prefix(1);
    auto end = closing_bracket(rest);
    if (end == std::string_view::npos) return failed;
    std::string_view path = rest.substr(0, end);
    rest.remove_prefix(end + 1);

    if (path.starts_with('@')) {
        auto colon = path.find(':');
        if (colon == std::string_view::npos) {
            failed.error = PathError::address;
            return failed;
        }
        path.remove_prefix(colon + 1);
    }

    PathArguments arguments;
    if (text::equal_ci(path, "postmaster") && keyword == "TO") {
        arguments.address.local = "postmaster";
    } else if (!path.empty()) {
        auto address = mime::parse_addr_spec(path);
        if (!address) {
            failed.error = PathError::address;
            return failed;
        }
        arguments.address = std::move(*address);
    }

    while (!rest.empty()) {
        if (rest[0] != ' ') return failed;
        rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
        if (rest.empty()) break;  // trailing white space is endured
        std::string_view word = rest.substr(0, rest.find(' '));
        rest.remove_prefix(word.size());
        Parameter parameter;
        auto equals = word.find('=');
        parameter.keyword = word.substr(0, equals);
        if (equals != std::string_view::npos) {
            parameter.has_value = true;
            parameter.value = word.substr(equals + 1);
            if (!is_value(parameter.value)) return failed;
        }
        if (!is_keyword(parameter.keyword)) return failed;
        if (arguments.parameters.size() == max_parameters) {
            failed.error = PathError::too_many;
            return failed;
        }
        arguments.parameters.push_back(parameter);
    }
    ParsedPath parsed;
    parsed.arguments = std::move(arguments);
    return parsed;
}

std::optional<std::string> decode_xtext(std::string_view text, bool utf8_address) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            auto value = hex<std::uint8_t>(text.substr(i + 1, 2));
            if (i + 2 >= text.size() || !value) return std::nullopt;
            out.push_back(static_cast<char>(*value));
            i += 2;
        } else if (utf8_address && text.substr(i).starts_with("\\x{")) {
            auto close = text.find('}', i);
            if (close == std::string_view::npos || close - i > 9) return std::nullopt;
            auto code = hex<std::uint32_t>(text.substr(i + 3, close - i - 3));
            if (!code || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000)) return std::nullopt;
            append_utf8(out, *code);
            i = close;
        } else {
            auto c = static_cast<unsigned char>(text[i]);
            if (c < 0x21 || c == '=' || c == 0x7f || (c >= 0x80 && !utf8_address)) return std::nullopt;
            out.push_back(text[i]);
        }
    }
    return out;
}

}  // namespace postrider::smtp
