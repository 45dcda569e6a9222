#include <chrono>

#include "dns/names.h"
#include "dns/records.h"
#include "mailauth/spf_check.h"
#include "text/ascii.h"

namespace postrider::mailauth {
namespace {

constexpr std::size_t max_expanded = 4096;  ///< of a domain-spec or an explanation

std::string url_escaped(std::string_view text) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out;
    for (char c : text) {
        if (text::is_alpha(c) || text::is_digit(c)
            || std::string_view{"-._~"}.find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += '%';
            out += hex[static_cast<unsigned char>(c) >> 4];
            out += hex[static_cast<unsigned char>(c) & 15];
        }
    }
    return out;
}

/// What stands in "%{d2r.-}" behind the letter.
struct Transform {
    std::size_t keep = 0;  ///< labels from the right; 0 = all
    bool reverse = false;
    std::string_view delimiters = ".";
};

std::string transformed(const std::string& value, const Transform& how) {
    std::vector<std::string_view> parts;
    std::string_view rest = value;
    for (;;) {
        const std::size_t end = rest.find_first_of(how.delimiters);
        parts.push_back(rest.substr(0, end));
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 1);
    }
    if (how.reverse) std::reverse(parts.begin(), parts.end());
    if (how.keep > 0 && parts.size() > how.keep)
        parts.erase(parts.begin(), parts.end() - static_cast<std::ptrdiff_t>(how.keep));
    std::string out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) out += '.';
        out += parts[i];
    }
    return out;
}

}  // namespace

std::string SpfCheck::macro(char letter, const std::string& domain) {
    const std::size_t at = sender_.rfind('@');
    switch (letter) {
        case 's': return sender_;
        case 'l': return sender_.substr(0, at);
        case 'o': return sender_.substr(at + 1);
        case 'd': return domain;
        case 'i': return ip_.dotted();
        case 'p': return validated_name(domain);
        case 'v': return ip_.six ? "ip6" : "in-addr";
        case 'h': return request_.helo;
        case 'c': return ip_.text();
        case 'r': return request_.host.empty() ? "unknown" : request_.host;
        case 't':
            return std::to_string(
                std::chrono::duration_cast<std::chrono::seconds>(request_.now.time_since_epoch()).count());
        default: return "";
    }
}

/// %{p} (§7.3): the client's validated name, best the domain itself, then one below it, then any.
std::string SpfCheck::validated_name(const std::string& domain) {
    auto reverse = dns::reverse_name(ip_.text());
    if (!reverse) return "unknown";
    const dns::Answer& names = dns_.ask(*reverse, dns::Type::ptr);
    std::string below, any;
    std::size_t tried = 0;
    for (const std::string& rdata : names.records) {
        auto name = dns::parse_name(rdata);
        if (++tried > max_names) break;
        if (!name) continue;
        const dns::Answer& back = dns_.ask(*name, ip_.six ? dns::Type::aaaa : dns::Type::a);
        if (back.outcome != dns::Outcome::found || !holds(back, SpfTerm{})) continue;
        if (*name == domain) return *name;
        if (below.empty() && name->ends_with("." + domain)) below = *name;
        if (any.empty()) any = *name;
    }
    if (!below.empty()) return below;
    return any.empty() ? "unknown" : any;
}

std::string SpfCheck::expand(std::string_view text, const std::string& domain) {
    std::string out;
    for (std::size_t at = 0; at < text.size() && out.size() < max_expanded; ++at) {
        if (text[at] != '%') {
            out += text[at];
            continue;
        }
        const char next = text[++at];  // valid_macro_string() has seen that it is there
        if (next == '%')
            out += '%';
        else if (next == '_')
            out += ' ';
        else if (next == '-')
            out += "%20";
        if (next != '{') continue;
        const std::size_t end = text.find('}', at);
        std::string_view body = text.substr(at + 1, end - at - 1);
        at = end;
        const char letter = body[0];
        body.remove_prefix(1);
        Transform how;
        for (; !body.empty() && text::is_digit(body[0]); body.remove_prefix(1))
            how.keep = std::min<std::size_t>(how.keep * 10 + static_cast<std::size_t>(body[0] - '0'), 1000);
        if (!body.empty() && text::lower(body[0]) == 'r') {
            how.reverse = true;
            body.remove_prefix(1);
        }
        if (!body.empty()) how.delimiters = body;
        std::string value = transformed(macro(text::lower(letter), domain), how);
        out += letter == text::upper(letter) ? url_escaped(value) : value;
    }
    out.resize(std::min(out.size(), max_expanded));
    return out;
}

std::string SpfCheck::expand_domain(std::string_view spec, const std::string& domain) {
    std::string name = expand(spec, domain);
    if (name.ends_with('.')) name.pop_back();
    while (name.size() > 253) {  // §7.3: labels are taken off from the left
        const std::size_t dot = name.find('.');
        if (dot == std::string::npos) break;
        name.erase(0, dot + 1);
    }
    return text::to_lower(name);
}

std::string SpfCheck::explanation(std::string_view spec, const std::string& domain) {
    const dns::Answer& answer = dns_.ask(expand_domain(spec, domain), dns::Type::txt);
    if (answer.records.size() != 1) return "";
    auto text = dns::parse_txt(answer.records[0]);
    if (!text || text->size() > max_spf_octets || !valid_macro_string(*text, true)) return "";
    std::string out;
    for (char c : expand(*text, domain))  // the sender's local part may bring anything
        if (c >= ' ' && c <= '~') out += c;
    return out.substr(0, 500);
}

}  // namespace postrider::mailauth
