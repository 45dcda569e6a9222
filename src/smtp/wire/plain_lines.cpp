#include "smtp/wire/plain_lines.h"

#include <bit>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace postrider::smtp {

#ifdef __SSE2__

std::size_t plain_lines(std::string_view text) {
    constexpr std::size_t block = 16;
    const __m128i cr = _mm_set1_epi8('\r'), lf = _mm_set1_epi8('\n'), dot = _mm_set1_epi8('.');
    std::size_t whole = 0;
    // Of each block, a bit for each octet; the last octet of the block before comes in at the right.
    unsigned after_cr = 0, after_lf = 0;
    for (std::size_t at = 0; at + block <= text.size(); at += block) {
        const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
        const auto bits = [&](__m128i sought) {
            return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(octets, sought)));
        };
        const unsigned crs = bits(cr), lfs = bits(lf);
        if (((crs << 1 | after_cr) & 0xffff) != lfs) break;
        if (((lfs << 1 | after_lf) & bits(dot)) != 0) break;
        if (lfs != 0) whole = at + static_cast<std::size_t>(std::bit_width(lfs));
        after_cr = crs >> 15;
        after_lf = lfs >> 15;
    }
    return whole;
}

#else

std::size_t plain_lines(std::string_view) {
    return 0;
}

#endif

}  // namespace postrider::smtp
