#include <fmt/format.h>

#include "sieve/binder.h"
#include "sieve/machine.h"
#include "text/ascii.h"
#include "text/hex.h"
#include "text/utf8.h"

/// Strings with variables (RFC 5229 §3, RFC 6609 §3.4) and encoded characters (RFC 5228 §2.4.2.4).
namespace postrider::sieve {
namespace {

/// The numbers between "${hex:" and "}": pairs of digits, or code points. False when it is none of that, so
/// that the text stands for itself.
bool read_codes(std::string_view codes, bool hex, std::string& out, bool& impossible) {
    bool any = false;
    for (std::size_t at = 0; at < codes.size();) {
        if (text::is_space(codes[at])) {
            ++at;
            continue;
        }
        std::size_t end = at;
        char32_t value = 0;
        while (end < codes.size() && text::hex_digit(codes[end]) >= 0) {
            if (value < 0x1000000) value = value * 16 + static_cast<char32_t>(text::hex_digit(codes[end]));
            ++end;
        }
        if (end == at || (end < codes.size() && !text::is_space(codes[end]))) return false;
        if (hex) {
            if (end - at > 2) return false;
            out += static_cast<char>(value);
        } else {
            if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) impossible = true;
            if (!impossible) text::append_utf8(out, value);
        }
        any = true;
        at = end;
    }
    return any;
}

}  // namespace

std::optional<std::string> decode_characters(std::string_view text) {
    std::string out;
    while (true) {
        std::size_t begin = text.find("${");
        if (begin == std::string_view::npos) break;
        std::string_view rest = text.substr(begin + 2);
        bool hex = text::starts_with_ci(rest, "hex:");
        bool unicode = text::starts_with_ci(rest, "unicode:");
        std::size_t end = rest.find('}');
        bool impossible = false;
        std::string decoded;
        if ((hex || unicode) && end != std::string_view::npos) {
            std::size_t from = hex ? 4 : 8;
            if (read_codes(rest.substr(from, end - from), hex, decoded, impossible)) {
                if (impossible) return std::nullopt;
                out += text.substr(0, begin);
                out += decoded;
                text.remove_prefix(begin + 2 + end + 1);
                continue;
            }
        }
        out += text.substr(0, begin + 1);
        text.remove_prefix(begin + 1);
    }
    out += text;
    return out;
}

bool is_identifier(std::string_view name) {
    if (name.empty() || text::is_digit(name.front())) return false;
    for (char c : name)
        if (!text::is_alpha(c) && !text::is_digit(c) && c != '_') return false;
    return true;
}

/// variable-ref = "${" [namespace "."] (identifier / number) "}"
TextTemplate Binder::text(std::string_view source, Position at) {
    std::string decoded;
    if (has(Extension::encoded_character) && source.find("${") != std::string_view::npos) {
        auto done = decode_characters(source);
        if (!done) fail(ProblemKind::validation, at, "there is no such Unicode character");
        decoded = std::move(*done);
        source = decoded;
    }
    if (!has(Extension::variables) || source.find("${") == std::string_view::npos)
        return TextTemplate{std::string{source}};

    using Piece = TextTemplate::Piece;
    std::vector<Piece> pieces;
    std::string plain;
    std::string_view rest = source;
    bool any = false;
    while (true) {
        std::size_t begin = rest.find("${");
        if (begin == std::string_view::npos) break;
        std::size_t end = rest.find('}', begin);
        if (end == std::string_view::npos) break;
        std::string_view name = rest.substr(begin + 2, end - begin - 2);
        bool number = !name.empty();
        for (char c : name) number &= text::is_digit(c);
        std::size_t dot = name.find('.');
        bool named = is_identifier(name)
                     || (dot != std::string_view::npos && is_identifier(name.substr(0, dot))
                         && name.find("..") == std::string_view::npos && name.back() != '.');
        if (!number && !named) {
            plain += rest.substr(0, begin + 1);
            rest.remove_prefix(begin + 1);
            continue;
        }
        plain += rest.substr(0, begin);
        rest.remove_prefix(end + 1);
        Piece piece;
        if (number) {
            std::uint32_t index = 0;
            for (char c : name) index = std::min(index * 10 + static_cast<unsigned>(c - '0'), 100'000u);
            if (index > max_match_values)
                fail(ProblemKind::validation, at,
                     fmt::format("only ${{0}} to ${{{}}} can be there", max_match_values));
            piece.kind = Piece::Kind::match;
            piece.index = index;
        } else {
            Variable found = variable(name, at);
            piece.kind = found.global ? Piece::Kind::global : Piece::Kind::local;
            piece.index = found.index;
        }
        if (!plain.empty()) {
            pieces.push_back({Piece::Kind::text, std::move(plain), 0});
            plain.clear();
        }
        pieces.push_back(std::move(piece));
        any = true;
    }
    if (!any) return TextTemplate{std::string{source}};
    plain += rest;
    if (!plain.empty()) pieces.push_back({Piece::Kind::text, std::move(plain), 0});
    return TextTemplate{std::move(pieces), std::string{source}};
}

Binder::Variable Binder::variable(std::string_view name, Position at) {
    std::string key = text::to_lower(name);
    if (key.size() > options().limits.max_variable_name)
        fail(ProblemKind::validation, at, "the name of the variable is too long");
    bool named = is_identifier(key);
    if (!named) {
        // RFC 6609 §3.4.2: global.x is the variable that "global" would make one of this script.
        std::string_view rest{key};
        if (!has(Extension::include) || !rest.starts_with("global.") || !is_identifier(rest.substr(7)))
            fail(ProblemKind::semantic, at, fmt::format("\"{}\" is no name of a variable here", name));
        key.erase(0, 7);
    } else if (auto known = locals_.find(key); known != locals_.end()) {
        return known->second;
    }
    Variable made;
    if (named) {
        made.index = static_cast<std::uint32_t>(locals_.size());
        if (locals_.size() >= options().limits.max_variables)
            fail(ProblemKind::validation, at,
                 fmt::format("more than {} variables", options().limits.max_variables));
        locals_.emplace(std::move(key), made);
        return made;
    }
    made.global = true;
    auto known = shared_.globals.find(key);
    if (known == shared_.globals.end()) {
        if (shared_.globals.size() >= options().limits.max_variables)
            fail(ProblemKind::validation, at,
                 fmt::format("more than {} global variables", options().limits.max_variables));
        std::uint32_t index = static_cast<std::uint32_t>(shared_.globals.size());
        known = shared_.globals.emplace(key, index).first;
        shared_.script.globals.push_back(key);
    }
    made.index = known->second;
    return made;
}

void Binder::declare_global(std::string_view name, Position at) {
    std::string key = text::to_lower(name);
    if (!is_identifier(key))
        fail(ProblemKind::validation, at, fmt::format("\"{}\" is no name of a variable", name));
    auto known = locals_.find(key);
    if (known != locals_.end()) {
        if (known->second.global) return;
        // RFC 6609 §3.4.1.
        fail(ProblemKind::semantic, at, fmt::format("\"{}\" was used already before it became global", name));
    }
    Variable made = variable("global." + key, at);
    locals_.emplace(std::move(key), made);
}

}  // namespace postrider::sieve
