#include "mime/address.h"

#include "text/ascii.h"
#include "text/idna.h"
#include "text/utf8.h"

namespace postrider::mime {
namespace {

constexpr std::size_t max_local = 64;    // RFC 5321 §4.5.3.1.1
constexpr std::size_t max_domain = 255;  // §4.5.3.1.2

/// atext of RFC 5321 §4.1.2 with RFC 6531 §3.3.
bool is_atext(char c) {
    constexpr std::string_view marks = "!#$%&'*+-/=?^_`{|}~";
    return text::is_alpha(c) || text::is_digit(c) || c < 0 || marks.find(c) != std::string_view::npos;
}

/// Dot-string: atoms with single dots between them.
bool is_dot_string(std::string_view local) {
    bool atom = false;  // the octet before was of an atom
    for (char c : local) {
        if (c == '.' ? !atom : !is_atext(c)) return false;
        atom = c != '.';
    }
    return atom;
}

/// The text of a quoted string that begins at the front of `rest`, which moves behind it.
std::optional<std::string> quoted_local(std::string_view& rest) {
    std::string local;
    for (std::size_t i = 1; i < rest.size(); ++i) {
        char c = rest[i];
        if (c == '"') {
            rest.remove_prefix(i + 1);
            return local;
        }
        if (c == '\\') {
            if (++i == rest.size()) return std::nullopt;
            c = rest[i];
        }
        if (c >= 0 && (c < ' ' || c == 127)) return std::nullopt;
        local += c;
    }
    return std::nullopt;
}

bool is_domain_literal(std::string_view domain) {
    if (domain.size() < 3 || !domain.starts_with('[') || !domain.ends_with(']')) return false;
    for (char c : domain.substr(1, domain.size() - 2))
        if (c < '!' || c > '~' || c == '[' || c == ']' || c == '\\') return false;
    return true;
}

/// Labels of letters, digits, "-" and "_" (which exists), or beyond US-ASCII; a single dot at the end is
/// dropped.
bool is_domain(std::string_view domain) {
    std::size_t label = 0;
    for (char c : domain) {
        if (c == '.') {
            if (label == 0) return false;
            label = 0;
        } else if (text::is_alpha(c) || text::is_digit(c) || c == '-' || c == '_' || c < 0) {
            if (++label > 63 && c >= 0) return false;
        } else {
            return false;
        }
    }
    return label != 0;
}

}  // namespace

std::string AddrSpec::text() const {
    if (null()) return "";
    std::string out;
    if (is_dot_string(local)) {
        out = local;
    } else {
        out += '"';
        for (char c : local) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += '"';
    }
    if (!domain.empty()) {
        out += '@';
        out += domain;
    }
    return out;
}

std::optional<AddrSpec> parse_addr_spec(std::string_view text) {
    if (text.size() > 4 * (max_local + max_domain) || !text::valid_utf8(text)) return std::nullopt;
    AddrSpec address;
    if (text.starts_with('"')) {
        auto local = quoted_local(text);
        if (!local || !text.starts_with('@')) return std::nullopt;
        address.local = std::move(*local);
    } else {
        std::size_t at = text.find('@');
        if (at == std::string_view::npos || !is_dot_string(text.substr(0, at))) return std::nullopt;
        address.local = text.substr(0, at);
        text.remove_prefix(at);
    }
    text.remove_prefix(1);
    if (address.local.size() > max_local || address.local.empty() || text.size() > max_domain)
        return std::nullopt;
    if (is_domain_literal(text)) {
        address.domain = text::to_lower(text);
        return address;
    }
    if (text.ends_with('.')) text.remove_suffix(1);
    if (!is_domain(text)) return std::nullopt;
    if (!text::is_ascii(text) && !text::to_alabels(text)) return std::nullopt;
    address.domain = text::to_ulabels(text);
    return address;
}

}  // namespace postrider::mime
