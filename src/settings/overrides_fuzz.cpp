#include <cstdint>
#include <cstdlib>

#include "settings/inherit.h"

using namespace postrider::settings;

/// A record that decodes encodes to what decodes to the same, in order and without doubles lost.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const auto overrides = Overrides::decode(bytes);
    if (!overrides) return 0;
    const std::string once = overrides->encode();
    const auto again = Overrides::decode(once);
    if (!again || !(*again == *overrides) || again->encode() != once) std::abort();
    if (overrides->all().size() > bytes.size()) std::abort();
    return 0;
}
