#include <cstdint>
#include <cstdlib>

#include "queue/envelope.h"

/// Whatever decodes encodes to something that decodes to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes{reinterpret_cast<const char*>(data), size};
    if (auto acceptance = postrider::queue::Acceptance::decode(bytes)) {
        std::string once = acceptance->encode();
        auto back = postrider::queue::Acceptance::decode(once);
        if (!back || back->encode() != once) std::abort();
    }
    return 0;
}
