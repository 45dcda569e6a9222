#include "filter/lists/address_patterns.h"

#include "dns/names.h"
#include "text/ascii.h"
#include "text/idna.h"
#include "text/utf8.h"
#include "text/wildcard.h"

namespace postrider::filter {
namespace {

bool has_wildcard(std::string_view text) {
    return text.find_first_of("*?") != std::string_view::npos;
}

bool plain(std::string_view text) {
    for (char c : text)
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '<' || c == '>' || c == ',')
            return false;
    return text::valid_utf8(text);
}

/// A domain, or one with wildcards, in lower case with U-labels.
std::string canonical_domain(std::string_view domain) {
    while (domain.ends_with('.')) domain.remove_suffix(1);
    if (domain.empty() || domain.front() == '/' || domain.find('@') != std::string_view::npos) return {};
    if (!has_wildcard(domain)) {
        const auto labels = text::to_alabels(domain);
        return labels && dns::canonical_name(*labels) ? text::to_ulabels(domain) : std::string{};
    }
    if (domain.starts_with("*.") && !has_wildcard(domain.substr(2))) {
        std::string rest = canonical_domain(domain.substr(2));
        return rest.empty() ? rest : "*." + rest;
    }
    return text::to_lower(domain);
}

}  // namespace

std::string canonical_pattern(std::string_view text) {
    text = text::trim(text);
    if (text.starts_with('<') && text.ends_with('>')) text = text.substr(1, text.size() - 2);
    if (text.empty() || text.size() > max_pattern) return {};
    if (settings::parse_ip_set(text)) return text::to_lower(text);
    if (!plain(text) || text.find('/') == 0) return {};
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos) return canonical_domain(text);
    const std::string domain = canonical_domain(text.substr(at + 1));
    if (domain.empty()) return {};
    const std::string_view local = text.substr(0, at);
    if (local.empty() || local == "*") return domain;  // the whole domain, by its shortest name
    return text::to_lower(local) + "@" + domain;
}

AddressPatterns::AddressPatterns(const std::vector<std::string>& canonical) {
    std::vector<settings::IpSet> ranges;
    for (const std::string& one : canonical) {
        if (one.empty()) continue;
        ++size_;
        const bool address = one.find('@') != std::string::npos;
        if (auto set = settings::parse_ip_set(one))
            ranges.push_back(*set);
        else if (!address && one.starts_with("*.") && !has_wildcard(std::string_view{one}.substr(2)))
            below_.insert(one.substr(2));
        else if (has_wildcard(one))
            wildcards_.push_back(one);
        else if (address)
            addresses_.insert(one);
        else
            domains_.insert(one);
    }
    ranges_ = IpRanges::of(std::move(ranges));
}

bool AddressPatterns::has(const mime::AddrSpec& address) const {
    if (size_ == 0 || address.domain.empty()) return false;
    const std::string_view domain = address.domain;
    if (domains_.contains(domain)) return true;
    if (!below_.empty())
        for (std::size_t dot = domain.find('.'); dot != domain.npos; dot = domain.find('.', dot + 1))
            if (below_.contains(domain.substr(dot + 1))) return true;
    if (addresses_.empty() && wildcards_.empty()) return false;
    std::string whole = text::to_lower(address.local);
    whole += '@';
    whole += domain;
    if (addresses_.contains(whole)) return true;
    for (const std::string& one : wildcards_)
        if (text::matches_wildcard(one,
                                   one.find('@') == std::string::npos ? domain : std::string_view{whole}))
            return true;
    return false;
}

}  // namespace postrider::filter
