#include <cstdint>
#include <cstdlib>

#include "dns/names.h"
#include "dns/rdata.h"
#include "dns/records.h"
#include "dns/resolv_conf.h"
#include "dns/types.h"

using namespace postrider::dns;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// What came out of octets is a name in its one spelling, and goes back to octets of the same meaning.
void require_name(const std::string& name) {
    require(canonical_name(name) == name);
    require(parse_name(name_rdata(name)) == name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view rdata{reinterpret_cast<const char*>(data), size};
    if (auto address = parse_address(rdata)) require(address_rdata(*address) == rdata);
    if (auto name = parse_name(rdata)) require_name(*name);
    if (auto mx = parse_mx(rdata)) {
        require_name(mx->exchange);
        require(mx_rdata(mx->preference, mx->exchange).size() == rdata.size());
    }
    if (auto text = parse_txt(rdata)) {
        require(text->size() < rdata.size());
        require(parse_txt(txt_rdata(*text)) == *text);
    }
    if (auto srv = parse_srv(rdata)) {
        require_name(srv->target);
        require(srv_rdata(*srv).size() == rdata.size());
    }
    if (auto tlsa = parse_tlsa(rdata)) require(tlsa_rdata(*tlsa) == rdata);
    for (const Type type : {Type::a, Type::ns, Type::mx, Type::txt, Type::srv, Type::tlsa})
        for (const char c : present(type, rdata)) require(c >= ' ' && c <= '~');
    if (auto name = canonical_name(rdata)) require(canonical_name(*name) == *name);
    require(parse_resolv_conf(rdata).size() <= 3);
    return 0;
}
