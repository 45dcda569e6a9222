#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "auth/credentials.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postrider::auth;
    auto first = decode_verifiers({reinterpret_cast<const char*>(data), size});
    if (!first) return 0;
    // Whatever is in the store, checking it costs no more than the limits.
    if (first->argon2 && (first->argon2->memory_kb > 64 * 1024 || first->argon2->passes > 16)) std::abort();
    if (first->scram_sha_256 && first->scram_sha_256->iterations > 1'000'000) std::abort();
    auto second = decode_verifiers(encode(*first));
    if (!second || !(*second == *first)) std::abort();
    return 0;
}
