#include "text/find_bytes.h"

#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace postrider::text {

std::size_t find_bytes(std::string_view text, std::string_view needle, std::size_t from) {
    const std::size_t size = needle.size();
    if (text.size() < size || from > text.size() - size) return std::string_view::npos;
#ifdef __SSE2__
    // A place is worth a look where both the first and the last octet of the needle stand.
    const __m128i first = _mm_set1_epi8(needle.front());
    const __m128i last = _mm_set1_epi8(needle.back());
    const char* const data = text.data();
    const std::size_t end = text.size() - size + 1;  // of places where it can begin
    auto equal = [&](const char* at, __m128i octet) {
        return _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)), octet);
    };
    auto hits_at = [&](std::size_t at) {
        return _mm_and_si128(equal(data + at, first), equal(data + at + size - 1, last));
    };
    auto check = [&](std::size_t at, unsigned places) -> std::size_t {
        for (; places != 0; places &= places - 1) {
            const std::size_t place = at + static_cast<std::size_t>(std::countr_zero(places));
            if (std::memcmp(data + place, needle.data(), size) == 0) return place;
        }
        return std::string_view::npos;
    };
    std::size_t at = from;
    for (; at + 32 <= end; at += 32) {
        const __m128i low = hits_at(at), high = hits_at(at + 16);
        if (_mm_movemask_epi8(_mm_or_si128(low, high)) == 0) continue;
        const auto places = static_cast<unsigned>(_mm_movemask_epi8(low))
                            | static_cast<unsigned>(_mm_movemask_epi8(high)) << 16;
        if (std::size_t found = check(at, places); found != std::string_view::npos) return found;
    }
    return text.find(needle, at);
#else
    return text.find(needle, from);
#endif
}

}  // namespace postrider::text
