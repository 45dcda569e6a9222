#include "mailauth/spf_record.h"

#include "text/ascii.h"

namespace postrider::mailauth {
namespace {

constexpr std::string_view delimiters = ".-+,/_=";

/// name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
bool modifier_name(std::string_view name) {
    if (name.empty() || !text::is_alpha(name[0])) return false;
    for (char c : name)
        if (!text::is_alpha(c) && !text::is_digit(c) && c != '-' && c != '_' && c != '.') return false;
    return true;
}

/// toplabel: letters, digits and hyphens, neither all digits nor with a hyphen at an end.
bool top_label(std::string_view label) {
    if (label.empty() || label.front() == '-' || label.back() == '-') return false;
    bool digits = true;
    for (char c : label) {
        if (!text::is_alpha(c) && !text::is_digit(c) && c != '-') return false;
        digits = digits && text::is_digit(c);
    }
    return !digits;
}

/// domain-spec = macro-string domain-end; domain-end = ( "." toplabel [ "." ] ) / macro-expand
bool domain_spec(std::string_view text) {
    if (!valid_macro_string(text, false)) return false;
    if (text.ends_with('}') || text.ends_with("%%") || text.ends_with("%_") || text.ends_with("%-"))
        return true;
    if (text.ends_with('.')) text.remove_suffix(1);
    const std::size_t dot = text.rfind('.');
    return dot != std::string_view::npos && top_label(text.substr(dot + 1));
}

/// DIGIT / %x31-39 DIGIT / ..., at most `max`
std::optional<unsigned> prefix_length(std::string_view text, unsigned max) {
    if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
    unsigned value = 0;
    for (char c : text) {
        if (!text::is_digit(c)) return std::nullopt;
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    if (value > max) return std::nullopt;
    return value;
}

/// dual-cidr-length = [ "/" ip4 ] [ "//" ip6 ], taken from the end of `rest`: a domain may have slashes too,
/// but never ends in one and digits.
bool take_prefixes(std::string_view& rest, SpfTerm& term) {
    auto digits_behind = [&](std::size_t slash) {
        if (slash == std::string_view::npos || slash + 1 == rest.size()) return false;
        for (char c : rest.substr(slash + 1))
            if (!text::is_digit(c)) return false;
        return true;
    };
    std::size_t slash = rest.rfind('/');
    if (digits_behind(slash) && slash > 0 && rest[slash - 1] == '/') {
        auto six = prefix_length(rest.substr(slash + 1), 128);
        if (!six) return false;
        term.prefix6 = *six;
        rest = rest.substr(0, slash - 1);
        slash = rest.rfind('/');
    }
    if (!digits_behind(slash)) return true;
    auto four = prefix_length(rest.substr(slash + 1), 32);
    if (!four) return false;
    term.prefix4 = *four;
    rest = rest.substr(0, slash);
    return true;
}

bool network(std::string_view rest, SpfTerm& term) {
    const bool six = term.kind == SpfTerm::Kind::ip6;
    if (!rest.starts_with(':')) return false;
    rest.remove_prefix(1);
    if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
        auto length = prefix_length(rest.substr(slash + 1), six ? 128 : 32);
        if (!length) return false;
        (six ? term.prefix6 : term.prefix4) = *length;
        rest = rest.substr(0, slash);
    }
    auto ip = parse_ip(rest, six);
    if (!ip) return false;
    term.network = *ip;
    return true;
}

std::optional<SpfTerm> mechanism(std::string_view text) {
    SpfTerm term;
    term.text = text;
    switch (text[0]) {
        case '+': term.qualifier = SpfOutcome::pass; break;
        case '-': term.qualifier = SpfOutcome::fail; break;
        case '~': term.qualifier = SpfOutcome::softfail; break;
        case '?': term.qualifier = SpfOutcome::neutral; break;
        default: break;
    }
    if (std::string_view{"+-~?"}.find(text[0]) != std::string_view::npos) text.remove_prefix(1);
    const std::size_t end = std::min(text.find_first_of(":/"), text.size());
    const std::string_view name = text.substr(0, end);
    std::string_view rest = text.substr(end);
    struct Word {
        std::string_view word;
        SpfTerm::Kind kind;
    };
    using enum SpfTerm::Kind;
    constexpr Word words[] = {{"all", all}, {"include", include}, {"a", a},     {"mx", mx},
                              {"ptr", ptr}, {"ip4", ip4},         {"ip6", ip6}, {"exists", exists}};
    const Word* found = nullptr;
    for (const Word& one : words)
        if (text::equal_ci(one.word, name)) found = &one;
    if (found == nullptr) return std::nullopt;
    term.kind = found->kind;
    switch (term.kind) {
        case all:
            if (!rest.empty()) return std::nullopt;
            return term;
        case ip4:
        case ip6:
            if (!network(rest, term)) return std::nullopt;
            return term;
        case a:
        case mx:
            if (!take_prefixes(rest, term)) return std::nullopt;
            break;
        case include:
        case exists:
            if (rest.empty()) return std::nullopt;
            break;
        case ptr: break;
    }
    if (rest.empty()) return term;
    if (rest[0] != ':' || !domain_spec(rest.substr(1))) return std::nullopt;
    term.domain = rest.substr(1);
    return term;
}

}  // namespace

bool is_spf_record(std::string_view text) {
    return text::starts_with_ci(text, "v=spf1") && (text.size() == 6 || text[6] == ' ');
}

bool valid_macro_string(std::string_view text, bool explanation) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c < '!' || c > '~') {
            if (!(explanation && c == ' ')) return false;
            continue;
        }
        if (c != '%') continue;
        if (++at == text.size()) return false;
        if (text[at] == '%' || text[at] == '_' || text[at] == '-') continue;
        if (text[at] != '{' || ++at == text.size()) return false;
        const char letter = text::lower(text[at]);
        if (std::string_view{explanation ? "slodiphcrtv" : "slodiphv"}.find(letter) == std::string_view::npos)
            return false;
        ++at;
        unsigned number = 0;
        const std::size_t digits = at;
        for (; at < text.size() && text::is_digit(text[at]); ++at)
            number = std::min(number * 10 + static_cast<unsigned>(text[at] - '0'), 1000u);
        if (at > digits && number == 0) return false;  // §7.3: it must not be zero
        if (at < text.size() && text::lower(text[at]) == 'r') ++at;
        while (at < text.size() && delimiters.find(text[at]) != std::string_view::npos) ++at;
        if (at == text.size() || text[at] != '}') return false;
    }
    return true;
}

std::expected<SpfRecord, std::string> parse_spf(std::string_view text) {
    SpfRecord record;
    if (text.size() > max_spf_octets) return std::unexpected("the record is too long");
    text.remove_prefix(6);
    while (!text.empty()) {
        if (text[0] == ' ') {
            text.remove_prefix(1);
            continue;
        }
        const std::string_view term = text.substr(0, text.find(' '));
        text.remove_prefix(term.size());
        auto wrong = [&] {
            std::string shown;
            for (char c : term.substr(0, 100)) shown += c > ' ' && c <= '~' ? c : '?';
            return std::unexpected("wrong term: " + shown);
        };
        // A modifier is told by its "=", which no mechanism has before ":" or "/" (§4.6.1).
        const std::size_t equals = term.find('=');
        if (equals != std::string_view::npos && modifier_name(term.substr(0, equals))) {
            const std::string_view name = term.substr(0, equals), value = term.substr(equals + 1);
            if (text::equal_ci(name, "redirect")) {
                if (record.redirect || !domain_spec(value)) return wrong();
                record.redirect = value;
            } else if (text::equal_ci(name, "exp")) {
                if (record.exp || !domain_spec(value)) return wrong();
                record.exp = value;
            } else if (!valid_macro_string(value, false)) {
                return wrong();
            }
            continue;
        }
        auto parsed = mechanism(term);
        if (!parsed) return wrong();
        record.terms.push_back(*parsed);
    }
    return record;
}

}  // namespace postrider::mailauth
