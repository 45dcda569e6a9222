#include "filter/dnsbl/names.h"

#include <libpsl.h>

#include "dns/names.h"
#include "text/idna.h"

namespace postrider::filter {

std::string reversed(const settings::Ip& ip) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    if (ip.v4()) {
        for (std::size_t i = 16; i-- > 12;) {
            if (!out.empty()) out += '.';
            out += std::to_string(ip.octets[i]);
        }
        return out;
    }
    out.reserve(63);
    for (std::size_t i = 16; i-- > 0;) {
        if (!out.empty()) out += '.';
        out += digits[ip.octets[i] & 15];
        out += '.';
        out += digits[ip.octets[i] >> 4];
    }
    return out;
}

std::optional<std::string> list_name(std::string_view what, std::string_view zone) {
    if (what.empty() || zone.empty() || what.size() > 1024 || zone.size() > 1024) return std::nullopt;
    if (what.ends_with('.')) what.remove_suffix(1);
    const auto front = text::to_alabels(what);
    const auto back = text::to_alabels(zone);
    if (!front || !back || front->empty()) return std::nullopt;
    auto name = dns::canonical_name(*front + "." + *back);
    if (!name || name->empty()) return std::nullopt;
    return name;
}

std::string registered_domain(std::string_view domain) {
    if (domain.find('.') == domain.npos || settings::parse_ip(domain) || !dns::canonical_name(domain))
        return {};
    const std::string name{domain};
    const char* registered = psl_registrable_domain(psl_builtin(), name.c_str());
    return registered ? std::string{registered} : name;
}

}  // namespace postrider::filter
