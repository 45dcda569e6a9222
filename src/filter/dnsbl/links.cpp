#include "filter/dnsbl/links.h"

#include <algorithm>

#include "dns/names.h"
#include "filter/dnsbl/names.h"
#include "text/ascii.h"
#include "text/base64.h"
#include "text/hex.h"
#include "text/idna.h"
#include "text/quoted_printable.h"

namespace postrider::filter {
namespace {

constexpr std::size_t longest_authority = 512;

/// What a text may end a host with.
bool ends_authority(char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '/' || c == '\\' || c == '?' || c == '#'
           || c == '"' || c == '\'' || c == '<' || c == '>' || c == '(' || c == ')' || c == ',' || c == ';'
           || c == '{' || c == '}' || c == '|' || c == '^' || c == '`';
}

/// RFC 3986 §3.2 authority -> host as the DNS or an address has it; "" when it is none.
std::string host_of(std::string_view authority) {
    if (auto at = authority.rfind('@'); at != authority.npos) authority.remove_prefix(at + 1);
    std::string host;
    for (std::size_t i = 0; i < authority.size(); ++i) {
        if (authority[i] == '%' && i + 2 < authority.size() && text::hex_digit(authority[i + 1]) >= 0
            && text::hex_digit(authority[i + 2]) >= 0) {
            host +=
                static_cast<char>(text::hex_digit(authority[i + 1]) * 16 + text::hex_digit(authority[i + 2]));
            i += 2;
        } else {
            host += authority[i];
        }
    }
    if (host.starts_with('[')) {
        const auto end = host.find(']');
        const auto ip = end == host.npos ? std::nullopt : settings::parse_ip(host.substr(1, end - 1));
        return ip ? settings::to_string(*ip) : std::string{};
    }
    if (auto colon = host.find(':'); colon != host.npos) host.resize(colon);
    while (host.ends_with('.')) host.pop_back();
    if (host.empty() || host.size() > 253) return {};
    if (auto ip = settings::parse_ip(host)) return settings::to_string(*ip);
    auto name = text::to_alabels(host);
    if (!name || name->find('.') == name->npos || !dns::canonical_name(*name)) return {};
    const char last = name->back();
    if (!text::is_alpha(last) && !text::is_digit(last)) return {};
    return *name;
}

/// Finds links in pieces of text.
class Finder {
public:
    explicit Finder(std::size_t limit) : limit_{limit} {}

    void read(std::string_view text) {
        std::size_t at = 0;
        std::size_t colon = text.find("://");
        while (hosts_.size() < limit_ && at < text.size()) {
            // Both "://" and "www." are rare: look for their rarer octets.
            if (colon < at) colon = text.find("://", at);
            const std::size_t www = find_www(text, at, std::min(colon, text.size()));
            const std::size_t found = std::min(colon, www);
            if (found == text.npos) return;
            std::size_t begin = found;
            if (found == colon) {
                begin += 3;
                if (!web_scheme(text.substr(0, colon))) {
                    at = begin;
                    continue;
                }
            }
            std::size_t end = begin;
            while (end < text.size() && end - begin < longest_authority && !ends_authority(text[end])) ++end;
            if (std::string host = host_of(text.substr(begin, end - begin)); !host.empty())
                add(std::move(host));
            at = std::max(end, found + 1);
        }
    }

    std::vector<std::string> take() { return std::move(hosts_); }
    bool full() const { return hosts_.size() >= limit_; }

private:
    static bool web_scheme(std::string_view before) {
        for (std::string_view scheme : {"http", "https", "ftp"})
            if (before.size() >= scheme.size()
                && text::equal_ci(before.substr(before.size() - scheme.size()), scheme)
                && (before.size() == scheme.size()
                    || !text::is_alpha(before[before.size() - scheme.size() - 1])))
                return true;
        return false;
    }
    static std::size_t find_www(std::string_view text, std::size_t from, std::size_t upto) {
        for (std::size_t dot = text.find('.', from); dot < upto; dot = text.find('.', dot + 1)) {
            if (dot < from + 3 || !text::equal_ci(text.substr(dot - 3, 3), "www")) continue;
            if (dot > 3) {
                const char before = text[dot - 4];
                if (text::is_alpha(before) || text::is_digit(before) || before == '.' || before == '-'
                    || before == '@' || before == '/')
                    continue;
            }
            return dot - 3;
        }
        return std::string_view::npos;
    }
    void add(std::string host) {
        if (std::ranges::find(hosts_, host) == hosts_.end()) hosts_.push_back(std::move(host));
    }

    std::size_t limit_;
    std::vector<std::string> hosts_;
};

}  // namespace

std::vector<std::string> link_hosts(std::string_view text, std::size_t limit) {
    Finder finder{limit};
    finder.read(text);
    return finder.take();
}

std::vector<std::string> link_domains(std::string_view message, const std::vector<mime::Part>& parts,
                                      const LinkLimits& limits) {
    Finder finder{limits.max_domains};
    std::size_t left = limits.max_text;
    std::string decoded;
    for (const mime::Part& part : parts) {
        if (part.kind != mime::Part::leaf || left == 0 || finder.full()) continue;
        if (!part.type.empty() && !part.type.starts_with("text/")) continue;
        if (part.body_end > message.size() || part.body_begin > part.body_end) continue;
        // Links are US-ASCII in every charset that mail uses for them; what is not is an IDN in UTF-8.
        std::string_view body = message.substr(part.body_begin, part.body_end - part.body_begin);
        decoded.clear();
        if (part.encoding == "base64") {
            text::decode_base64_lenient(body.substr(0, std::min(body.size(), left * 2)), decoded, left);
            body = decoded;
        } else if (part.encoding == "quoted-printable") {
            text::decode_quoted_printable(body.substr(0, std::min(body.size(), left * 3)), decoded, left);
            body = decoded;
        }
        body = body.substr(0, left);
        finder.read(body);
        left -= body.size();
    }
    std::vector<std::string> domains;
    for (std::string& host : finder.take()) {
        std::string name = settings::parse_ip(host) ? std::move(host) : registered_domain(host);
        if (!name.empty() && std::ranges::find(domains, name) == domains.end())
            domains.push_back(std::move(name));
    }
    return domains;
}

}  // namespace postrider::filter
