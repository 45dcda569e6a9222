#include "sieve/notify_uri.h"

#include <algorithm>

#include "sieve/header_source.h"
#include "sieve/one_address.h"
#include "sieve/url_encoding.h"
#include "text/ascii.h"
#include "text/utf8.h"

namespace postrider::sieve {
namespace {

constexpr std::size_t max_uri = 4000;
constexpr std::size_t max_fields = 20;

/// The characters that a URI may hold (RFC 3986 §2).
bool is_uri_text(std::string_view text) {
    for (char c : text)
        if (!text::is_alpha(c) && !text::is_digit(c)
            && std::string_view{"-._~:/?#[]@!$&'()*+,;=%"}.find(c) == std::string_view::npos)
            return false;
    return true;
}

bool add_recipients(std::vector<std::string>& out, std::string_view list) {
    while (!list.empty()) {
        std::size_t comma = std::min(list.find(','), list.size());
        std::string_view one = text::trim(list.substr(0, comma));
        if (!one.empty()) {
            auto address = one_address(one);
            if (!address) return false;
            out.push_back(std::move(*address));
        }
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return true;
}

/// RFC 5436 §2.7: fields that a URI must not set.
bool is_unsafe(std::string_view name) {
    for (std::string_view unsafe :
         {"from", "date", "message-id", "received", "auto-submitted", "sender", "return-path", "mime-version",
          "content-type", "content-transfer-encoding", "content-disposition", "in-reply-to", "references", "delivered-to",
          "resent-from", "resent-to", "dkim-signature", "authentication-results"})
        if (text::equal_ci(name, unsafe)) return true;
    return text::starts_with_ci(name, "content-") || text::starts_with_ci(name, "resent-")
           || text::starts_with_ci(name, "arc-");
}

/// mailtoURI = "mailto:" [ to ] [ "?" hfield *( "&" hfield ) ]. RFC 6068 §2.
bool mailto(std::string_view rest, NotifyUri& uri) {
    std::size_t question = rest.find('?');
    auto add_decoded = [&](std::string_view list) {
        // "," parts addresses before "%2C" is decoded.
        while (!list.empty()) {
            std::size_t comma = std::min(list.find(','), list.size());
            auto one = decode_url(list.substr(0, comma));
            if (!one) return false;
            auto address = one_address(*one);
            if (!address) return false;
            uri.to.push_back(std::move(*address));
            list.remove_prefix(std::min(comma + 1, list.size()));
        }
        return true;
    };
    if (!add_decoded(rest.substr(0, question))) return false;
    if (question == std::string_view::npos) return true;
    rest.remove_prefix(question + 1);
    while (!rest.empty()) {
        std::string_view field = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(field.size() + 1, rest.size()));
        std::size_t equals = field.find('=');
        if (equals == std::string_view::npos) return false;
        auto name = decode_url(field.substr(0, equals)), value = decode_url(field.substr(equals + 1));
        if (!name || !value || !is_field_name(*name) || !text::valid_utf8(*value)) return false;
        bool is_body = text::equal_ci(*name, "body");
        for (char c : *value)
            if (c == '\0' || (!is_body && (c == '\r' || c == '\n'))) return false;
        if (text::equal_ci(*name, "to")) {
            if (!add_recipients(uri.to, *value)) return false;
        } else if (text::equal_ci(*name, "cc")) {
            if (!add_recipients(uri.cc, *value)) return false;
        } else if (text::equal_ci(*name, "bcc")) {
            if (!add_recipients(uri.bcc, *value)) return false;
        } else if (text::equal_ci(*name, "subject")) {
            uri.subject = std::move(*value);
        } else if (is_body) {
            uri.body = std::move(*value);
        } else if (is_unsafe(*name)) {
            uri.ignored.push_back(std::move(*name));
        } else if (uri.fields.size() < max_fields) {
            uri.fields.emplace_back(std::move(*name), std::move(*value));
        }
    }
    return true;
}

/// xmpp:node@host[/resource][?message;subject=...;body=...]. RFC 5122 §2.2; RFC 5437 §2.1: no authority.
bool xmpp(std::string_view rest, NotifyUri& uri) {
    if (rest.starts_with("//")) return false;
    std::string_view query;
    if (std::size_t hash = rest.find('#'); hash != std::string_view::npos) rest = rest.substr(0, hash);
    if (std::size_t question = rest.find('?'); question != std::string_view::npos) {
        query = rest.substr(question + 1);
        rest = rest.substr(0, question);
    }
    auto jid = decode_url(rest);
    if (!jid || jid->empty() || !text::valid_utf8(*jid)) return false;
    for (char c : *jid)
        if (static_cast<unsigned char>(c) <= 32 || c == '<' || c == '>' || c == '"' || c == '&' || c == '\'') return false;
    std::size_t at = jid->find('@');
    if (at == 0 || at == std::string::npos || at + 1 == jid->size()) return false;
    uri.jid = std::move(*jid);
    std::size_t end = std::min(query.find(';'), query.size());
    if (!query.empty() && !text::equal_ci(query.substr(0, end), "message")) return false;
    query.remove_prefix(std::min(end + 1, query.size()));
    while (!query.empty()) {
        std::string_view pair = query.substr(0, query.find(';'));
        query.remove_prefix(std::min(pair.size() + 1, query.size()));
        std::size_t equals = pair.find('=');
        if (equals == std::string_view::npos) return false;
        auto value = decode_url(pair.substr(equals + 1));
        if (!value || !text::valid_utf8(*value)) return false;
        if (text::equal_ci(pair.substr(0, equals), "subject")) uri.subject = std::move(*value);
        if (text::equal_ci(pair.substr(0, equals), "body")) uri.body = std::move(*value);
    }
    return true;
}

}  // namespace

std::optional<NotifyUri> parse_notify_uri(std::string_view text) {
    if (text.size() > max_uri || !is_uri_text(text)) return std::nullopt;
    NotifyUri uri;
    if (text::starts_with_ci(text, "mailto:")) {
        if (!mailto(text.substr(7), uri)) return std::nullopt;
        // Each address once, where it came first.
        std::vector<std::string> seen;
        for (auto* list : {&uri.to, &uri.cc, &uri.bcc})
            std::erase_if(*list, [&](const std::string& address) {
                std::string key = text::to_lower(address);
                if (std::find(seen.begin(), seen.end(), key) != seen.end()) return true;
                seen.push_back(std::move(key));
                return false;
            });
        return uri;
    }
    if (text::starts_with_ci(text, "xmpp:")) {
        uri.method = Notification::Method::xmpp;
        if (!xmpp(text.substr(5), uri)) return std::nullopt;
        return uri;
    }
    return std::nullopt;
}

}  // namespace postrider::sieve
