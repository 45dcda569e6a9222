#include <cstdint>
#include <cstdlib>

#include "relay/sts_cache.h"
#include "relay/tls_report.h"

using namespace postrider::relay;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{reinterpret_cast<const char*>(data), size};
    const std::string texts[] = {text, "v=TLSRPTv1; rua=" + text};
    for (const std::string& one : texts) {
        const auto addresses = report_addresses(std::span{&one, 1});
        require(addresses.size() <= 10);
        for (const ReportAddress& address : addresses) {
            // Nothing that would end a line or a command.
            for (const std::string* part : {&address.mailbox, &address.host, &address.target, &address.uri})
                for (const char c : *part) require(c > ' ' && c <= '~');
            require(address.https ? !address.host.empty() && address.target.starts_with('/')
                                  : address.mailbox.find('@') != std::string::npos);
        }
    }
    if (auto report = DomainReport::decode(text)) {
        const auto again = DomainReport::decode(report->encode());
        require(again && again->encode() == report->encode());
        ReportFacts facts;
        facts.domain = "example.org";
        require(!report_json(*report, facts).empty());
    }
    if (auto entry = decode_sts(text)) require(decode_sts(encode_sts(*entry)).has_value());
    return 0;
}
