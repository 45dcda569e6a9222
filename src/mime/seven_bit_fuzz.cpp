#include <cstdint>
#include <cstdlib>

#include "mime/header.h"
#include "mime/seven_bit.h"

/// Whatever comes out is 7-bit behind the header, and stays as it is when it is converted again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postrider::mime;
    const std::string_view message{reinterpret_cast<const char*>(data), size};
    const auto once = to_seven_bit(message);
    if (!once) return 0;
    if (once->size() > 8 * message.size() + 4096 + 200 * message.size()) std::abort();
    const auto twice = to_seven_bit(*once);
    if (!twice) return 0;  // raw octets in the header of a nested part may still be there
    const std::string_view body = std::string_view{*once}.substr(header_size(*once));
    if (!has_eight_bit(body) && !is_binary(body) && *twice != *once) std::abort();
    return 0;
}
