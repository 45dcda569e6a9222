#include <cstdlib>

#include "filter/lists/address_patterns.h"
#include "filter/lists/from_addresses.h"

/// A line has one spelling; what is kept matches what it names; hostile From fields stay bounded.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postrider;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const std::string canonical = filter::canonical_pattern(text);
    if (!canonical.empty()) {
        if (canonical.size() > 2 * filter::max_pattern) std::abort();
        for (char c : canonical)
            if (static_cast<unsigned char>(c) < 0x20) std::abort();
        if (filter::canonical_pattern(canonical) != canonical && canonical.size() <= filter::max_pattern)
            std::abort();
        const filter::AddressPatterns patterns{{canonical}};
        if (patterns.size() != 1) std::abort();
        if (canonical.find_first_of("*?\"\\ ") == canonical.npos)
            if (auto address = mime::parse_addr_spec(canonical))
                if (address->text() == canonical && !patterns.has(*address)) std::abort();
    }
    if (filter::from_addresses(text).size() > 20) std::abort();
    return 0;
}
