#include "mailauth/auth_results.h"

#include "mime/lexer.h"
#include "text/ascii.h"

namespace postrider::mailauth {
namespace {

constexpr std::size_t max_octets = 32768;
constexpr std::size_t max_value = 500;

bool token_char(char c) {
    return c < 0
           || (c > ' ' && c < 127 && std::string_view{"()<>@,;:\\\"/[]?="}.find(c) == std::string_view::npos);
}

/// value = token / quoted-string; pvalue may be an address too (§2.2). What is neither is quoted.
std::string quoted_where_needed(std::string_view text) {
    text = text.substr(0, max_value);
    bool plain = !text.empty();
    std::size_t ats = 0;
    for (char c : text) {
        if (c == '@') ++ats;
        plain = plain && (token_char(c) || c == '@');
    }
    if (plain && ats <= 1 && !text.ends_with('@')) return std::string{text};
    std::string out = "\"";
    for (char c : text) {
        if (c == '\t') c = ' ';
        if ((c >= 0 && c < ' ') || c == 127) continue;
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string comment_of(std::string_view text) {
    std::string out = "(";
    for (char c : text.substr(0, max_value)) {
        if ((c >= 0 && c < ' ') || c == 127) continue;
        if (c == '(' || c == ')' || c == '\\') out += '\\';
        out += c;
    }
    return out + ')';
}

/// The grammar of RFC 8601 §2.2, read from the front.
class Reader {
public:
    explicit Reader(std::string_view value)
        : in_{value.substr(0, max_octets)}, clean_{without_controls(value)} {}

    std::optional<std::string> host(unsigned& version) {
        if (!clean_) return std::nullopt;
        in_.skip_cfws();
        std::string id = value();
        if (text::trim(id).empty()) return std::nullopt;
        in_.skip_cfws();
        if (text::is_digit(in_.peek())) version = number();
        in_.skip_cfws();
        return id;
    }

    bool results(AuthResults& out) {
        while (in_.take(';')) {
            in_.skip_cfws();
            if (in_.at_end()) break;  // a last semicolon is forgiven
            if (out.results.size() == max_auth_results) return false;
            AuthResult one;
            if (!result(one)) return false;
            if (one.method == "none" && one.result.empty()) continue;
            out.results.push_back(std::move(one));
        }
        return in_.at_end();
    }

private:
    unsigned number() {
        unsigned value = 0;
        while (text::is_digit(in_.peek()))
            value = std::min(value * 10 + static_cast<unsigned>(in_.get() - '0'), 1000u);
        return value;
    }

    std::string keyword() {
        std::string out;
        while (text::is_alpha(in_.peek()) || text::is_digit(in_.peek()) || in_.peek() == '-'
               || in_.peek() == '_')
            out += text::lower(in_.get());
        return out;
    }

    /// A token, quoted string or address, without its quotes; "" if there is none.
    std::string value() {
        std::string out;
        while (!in_.at_end() && out.size() < max_octets) {
            const char c = in_.peek();
            if (c == '"') {
                in_.skip();
                in_.quoted_string(out);
            } else if (text::is_space(c) || c == ';' || c == '(') {
                break;
            } else {
                out += in_.get();
            }
        }
        return out;
    }

    bool result(AuthResult& one) {
        one.method = keyword();
        if (one.method.empty()) return false;
        in_.skip_cfws();
        if (one.method == "none" && (in_.at_end() || in_.peek() == ';')) return true;
        if (in_.take('/')) {
            in_.skip_cfws();
            if (!text::is_digit(in_.peek())) return false;
            number();
            in_.skip_cfws();
        }
        if (!in_.take('=')) return false;
        in_.skip_cfws();
        one.result = keyword();
        if (one.result.empty()) return false;
        in_.skip_cfws(&one.comment);
        while (!in_.at_end() && in_.peek() != ';')
            if (!property(one)) return false;
        return true;
    }

    bool property(AuthResult& one) {
        AuthProperty property;
        property.type = keyword();
        if (property.type.empty()) return false;
        in_.skip_cfws();
        const bool reason = property.type == "reason" && in_.peek() == '=';
        if (!reason) {
            if (!in_.take('.')) return false;
            in_.skip_cfws();
            property.name = keyword();
            if (property.name.empty()) return false;
            in_.skip_cfws();
        }
        if (!in_.take('=')) return false;
        in_.skip_cfws();
        const bool quoted = in_.peek() == '"';
        property.value = value();
        if (property.value.empty() && !quoted) return false;
        in_.skip_cfws();
        if (reason)
            one.reason = std::move(property.value);
        else if (one.properties.size() < max_auth_properties)
            one.properties.push_back(std::move(property));
        else
            return false;
        return true;
    }

    /// No token, quoted string or comment may have them (RFC 5322 §3.2).
    static bool without_controls(std::string_view value) {
        for (char c : value)
            if (((c >= 0 && c < ' ') || c == 127) && !text::is_space(c)) return false;
        return true;
    }

    mime::Lexer in_;
    bool clean_;
};

std::string result_text(const AuthResult& one) {
    std::string out = one.method + "=" + one.result;
    if (!one.comment.empty()) out += " " + comment_of(one.comment);
    if (!one.reason.empty()) {
        std::string reason = quoted_where_needed(one.reason);
        out += " reason=" + (reason.starts_with('"') ? reason : '"' + reason + '"');
    }
    for (const AuthProperty& property : one.properties)
        out += " " + property.type + "." + property.name + "=" + quoted_where_needed(property.value);
    return out;
}

std::string text_with(const AuthResults& results, std::string_view separator) {
    std::string out = quoted_where_needed(results.host);
    if (results.version != 1) out += " " + std::to_string(results.version);
    if (results.results.empty()) return out + "; none";
    for (const AuthResult& one : results.results) out.append(separator) += result_text(one);
    return out;
}

}  // namespace

std::optional<AuthResults> parse_auth_results(std::string_view value) {
    if (value.size() > max_octets) return std::nullopt;
    Reader reader{value};
    AuthResults out;
    auto host = reader.host(out.version);
    if (!host || !reader.results(out)) return std::nullopt;
    out.host = std::move(*host);
    return out;
}

std::string auth_results_host(std::string_view value) {
    unsigned version = 0;
    return Reader{value}.host(version).value_or("");
}

std::string auth_results_text(const AuthResults& results) {
    return text_with(results, "; ");
}

std::string auth_results_field(const AuthResults& results) {
    return "Authentication-Results: " + text_with(results, ";\r\n\t") + "\r\n";
}

}  // namespace postrider::mailauth
