#include <cstdlib>

#include "dns/names.h"
#include "filter/dnsbl/links.h"
#include "filter/dnsbl/names.h"

/// What is asked about what others wrote is always a name that may be asked for, and bounded.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postrider;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (auto name = filter::list_name(text, "zone.example"))
        if (dns::canonical_name(*name) != *name || !name->ends_with(".zone.example")) std::abort();
    const auto hosts = filter::link_hosts(text, 50);
    if (hosts.size() > 50) std::abort();
    for (const std::string& host : hosts) {
        if (settings::parse_ip(host)) continue;
        if (dns::canonical_name(host) != host) std::abort();
        const std::string registered = filter::registered_domain(host);
        if (!registered.empty() && !host.ends_with(registered)) std::abort();
    }
    const auto parts = mime::describe(text).parts;
    for (const std::string& domain : filter::link_domains(text, parts))
        if (!settings::parse_ip(domain) && !filter::list_name(domain, "z")) std::abort();
    return 0;
}
