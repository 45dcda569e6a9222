#include <algorithm>
#include <charconv>

#include "dns/names.h"
#include "relay/tls_report.h"

/// tlsrpt-record = "v=TLSRPTv1" 1*(";" field) [";"], field "rua=" uri *("," uri)   RFC 8460 §3
namespace postrider::relay {
namespace {

constexpr std::size_t max_addresses = 10, max_uri = 1024;
constexpr std::string_view blanks = " \t";

std::string_view trim(std::string_view text) {
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(blanks)));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

std::string_view take_until(std::string_view& text, char separator) {
    const std::string_view out = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(text.size(), out.size() + 1));
    return out;
}

bool starts_with_nocase(std::string_view text, std::string_view lower) {
    return text.size() >= lower.size()
           && std::equal(lower.begin(), lower.end(), text.begin(),
                         [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
}

bool printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned octet = 0;
        const std::string_view hex = text.substr(i + 1, 2);
        const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), octet, 16);
        if (hex.size() != 2 || error != std::errc{} || end != hex.data() + 2) return std::nullopt;
        out += static_cast<char>(octet);
        i += 2;
    }
    return out;
}

/// An addr-spec of RFC 5321 without quoting, as report addresses are.
bool is_mailbox(std::string_view text) {
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos || at == 0 || at > 64 || !printable(text)) return false;
    if (text.substr(0, at).find_first_of("\"(),:;<>[]@\\") != std::string_view::npos) return false;
    const auto domain = dns::canonical_name(text.substr(at + 1));
    return domain && domain->find('.') != std::string::npos
           && domain->find_first_of("<>(),;:\"[]@/") == std::string::npos;
}

std::optional<ReportAddress> mailto(std::string_view uri) {
    auto mailbox = percent_decoded(uri.substr(7, uri.find('?') - 7));
    if (!mailbox || !is_mailbox(*mailbox)) return std::nullopt;
    ReportAddress out;
    out.mailbox = std::move(*mailbox);
    return out;
}

std::optional<ReportAddress> web(std::string_view uri) {
    std::string_view rest = uri.substr(8);
    rest = rest.substr(0, rest.find('#'));
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    ReportAddress out;
    out.https = true;
    out.target = rest.substr(authority.size());
    if (!out.target.starts_with('/')) out.target.insert(0, "/");
    std::string_view port = authority;
    auto host = dns::canonical_name(take_until(port, ':'));
    // Names only: who publishes an address of a private network is not to reach into ours by it.
    if (!host || host->empty() || host->find_first_of("@[]/<>") != std::string::npos) return std::nullopt;
    if (host->find_first_not_of("0123456789.") == std::string::npos) return std::nullopt;
    out.host = std::move(*host);
    if (port.empty()) return out;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc{} || end != port.data() + port.size() || out.port == 0) return std::nullopt;
    return out;
}

}  // namespace

std::vector<ReportAddress> report_addresses(std::span<const std::string> texts) {
    const std::string* record = nullptr;
    for (const std::string& text : texts) {
        if (!text.starts_with("v=TLSRPTv1;")) continue;
        if (record) return {};
        record = &text;
    }
    std::vector<ReportAddress> out;
    if (!record) return out;
    std::string_view fields = std::string_view{*record}.substr(11);
    while (!fields.empty()) {
        std::string_view field = trim(take_until(fields, ';'));
        if (!field.starts_with("rua=")) continue;
        field.remove_prefix(4);
        while (!field.empty() && out.size() < max_addresses) {
            const std::string_view uri = trim(take_until(field, ','));
            if (uri.size() > max_uri || !printable(uri)) continue;
            std::optional<ReportAddress> one;
            if (starts_with_nocase(uri, "mailto:")) one = mailto(uri);
            if (starts_with_nocase(uri, "https://")) one = web(uri);
            if (!one) continue;
            one->uri = uri;
            out.push_back(std::move(*one));
        }
    }
    return out;
}

}  // namespace postrider::relay
