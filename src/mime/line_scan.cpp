#include "mime/line_scan.h"

#include <bit>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace postrider::mime {
namespace {

#ifdef __SSE2__
constexpr std::size_t block = 16;

__m128i load(const char* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}

/// Adds up the sixteen counters, each at most 255.
std::uint32_t sum(__m128i counters) {
    __m128i halves = _mm_sad_epu8(counters, _mm_setzero_si128());
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(halves) + _mm_extract_epi16(halves, 4));
}
#endif

}  // namespace

std::uint32_t count_lines(std::string_view text) {
    const char* p = text.data();
    const char* end = p + text.size();
    std::uint32_t lines = 0;
#ifdef __SSE2__
    const __m128i lf = _mm_set1_epi8('\n');
    while (end - p >= static_cast<std::ptrdiff_t>(block)) {
        __m128i counters = _mm_setzero_si128();
        for (int i = 0; i < 255 && end - p >= static_cast<std::ptrdiff_t>(block); ++i, p += block)
            counters = _mm_sub_epi8(counters, _mm_cmpeq_epi8(load(p), lf));
        lines += sum(counters);
    }
#endif
    for (; p < end; ++p) lines += *p == '\n';
    return lines;
}

std::size_t find_dash_line(std::string_view message, std::size_t at, std::uint32_t& lines) {
    const char* p = message.data() + at;
    const char* end = message.data() + message.size();
    auto offset = [&](const char* where) { return static_cast<std::size_t>(where - message.data()); };
#ifdef __SSE2__
    const __m128i lf = _mm_set1_epi8('\n');
    const __m128i dash = _mm_set1_epi8('-');
    while (end - p >= static_cast<std::ptrdiff_t>(block + 2)) {
        __m128i counters = _mm_setzero_si128();
        for (int i = 0; i < 255 && end - p >= static_cast<std::ptrdiff_t>(block + 2); ++i, p += block) {
            __m128i at_lf = _mm_cmpeq_epi8(load(p), lf);
            __m128i hit = _mm_and_si128(
                at_lf, _mm_and_si128(_mm_cmpeq_epi8(load(p + 1), dash), _mm_cmpeq_epi8(load(p + 2), dash)));
            auto hits = static_cast<unsigned>(_mm_movemask_epi8(hit));
            if (hits != 0) {
                int bit = std::countr_zero(hits);
                auto passed = static_cast<unsigned>(_mm_movemask_epi8(at_lf)) & ((2u << bit) - 1);
                lines += sum(counters) + static_cast<std::uint32_t>(std::popcount(passed));
                return offset(p) + static_cast<std::size_t>(bit) + 1;
            }
            counters = _mm_sub_epi8(counters, at_lf);
        }
        lines += sum(counters);
    }
#endif
    for (; p < end; ++p) {
        if (*p != '\n') continue;
        ++lines;
        if (end - p >= 3 && p[1] == '-' && p[2] == '-') return offset(p) + 1;
    }
    return message.size();
}

}  // namespace postrider::mime
