#include "dns/names.h"
#include "mailauth/dmarc.h"
#include "mailauth/fuzz_dns.h"
#include "mailauth/signature.h"

using namespace postrider::mailauth;

/// A From field, the domain that SPF passed for, then the DNS.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest{reinterpret_cast<const char*>(data), size};
    if (auto record = parse_dmarc(rest)) {
        require(rest.find("DMARC1") != std::string_view::npos && record->percent <= 100);
        require(record->rua.size() <= 20 && record->ruf.size() <= 20);
        for (const std::string& uri : record->rua)
            require(uri.find(':') != std::string::npos && uri.find_first_of(" ,!\r\n") == std::string::npos);
    }
    auto line = [&] {
        const std::string_view one = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        return std::string{one};
    };
    const std::string message = "From: " + line() + "\r\n\r\n";
    SpfResult spf;
    spf.outcome = SpfOutcome::pass;
    spf.domain = signing_domain(line()).value_or("example.com");
    for (Discovery discovery : {Discovery::tree_walk, Discovery::public_suffix}) {
        const DmarcResult result = settle<DmarcResult>(rest, [&](const Answers& answers) {
            return check_dmarc({.message = message, .discovery = discovery}, spf, {}, answers);
        });
        if (!result.from_domain.empty()) {
            require(postrider::dns::canonical_name(result.from_domain) == result.from_domain);
            require(within_domain(result.from_domain, result.organization));
        }
        // Nothing passes that has nothing in common with the author.
        if (result.outcome == DmarcOutcome::pass) require(within_domain(spf.domain, result.organization));
        if (result.outcome != DmarcOutcome::fail) require(result.requested == DmarcPolicy::none);
    }
    return 0;
}
