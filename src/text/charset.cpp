#include "text/charset.h"

#include <unicode/ucnv.h>

#include <memory>

#include "text/ascii.h"
#include "text/utf8.h"

namespace postrider::text {
namespace {

constexpr std::size_t max_name = 64;

struct CloseConverter {
    void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

Converter open(std::string_view name) {
    if (name.empty() || name.size() > max_name || !is_ascii(name)
        || name.find_first_of(std::string_view{",\0", 2}) != std::string_view::npos)
        return nullptr;  // a comma would begin ICU options
    UErrorCode error = U_ZERO_ERROR;
    Converter converter{ucnv_open(std::string{name}.c_str(), &error)};
    if (U_FAILURE(error)) return nullptr;
    return converter;
}

bool is_utf8_name(std::string_view name) {
    return equal_ci(name, "utf-8") || equal_ci(name, "utf8");
}

/// What senders call Latin 1 or US-ASCII is Windows-1252 wherever the difference shows; the WHATWG encoding
/// standard decodes them so too.
bool is_latin_name(std::string_view name) {
    return equal_ci(name, "iso-8859-1") || equal_ci(name, "us-ascii") || equal_ci(name, "windows-1252")
           || equal_ci(name, "latin1") || equal_ci(name, "ascii") || equal_ci(name, "cp1252")
           || equal_ci(name, "ansi_x3.4-1968");
}

std::string latin_to_utf8(std::string_view bytes) {
    static constexpr char16_t upper_controls[32] = {
        0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178};
    std::string out;
    out.reserve(bytes.size() + bytes.size() / 8);
    for (char c : bytes) {
        auto octet = static_cast<unsigned char>(c);
        append_utf8(out, octet >= 0x80 && octet < 0xa0 ? upper_controls[octet - 0x80] : octet);
    }
    return out;
}

std::string fallback(std::string_view bytes) {
    return valid_utf8(bytes) ? std::string{bytes} : latin_to_utf8(bytes);
}

/// Through UTF-16 in pieces; ICU substitutes U+FFFD for what is malformed.
std::string convert(UConverter* from, std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size() + bytes.size() / 2);
    const char* source = bytes.data();
    const char* end = source + bytes.size();
    char32_t high = 0;
    UErrorCode error = U_BUFFER_OVERFLOW_ERROR;
    while (error == U_BUFFER_OVERFLOW_ERROR) {
        char16_t units[1024];
        char16_t* target = units;
        error = U_ZERO_ERROR;
        ucnv_toUnicode(from, &target, units + std::size(units), &source, end, nullptr, true, &error);
        if (U_FAILURE(error) && error != U_BUFFER_OVERFLOW_ERROR) break;
        for (const char16_t* unit = units; unit < target; ++unit) {
            char32_t c = *unit;
            if (high != 0 && (c < 0xdc00 || c > 0xdfff)) append_utf8(out, 0xfffd);
            if (c >= 0xd800 && c <= 0xdbff) {
                high = c;
                continue;
            }
            if (c >= 0xdc00 && c <= 0xdfff)
                c = high != 0 ? 0x10000 + ((high - 0xd800) << 10) + (c - 0xdc00) : 0xfffd;
            high = 0;
            append_utf8(out, c);
        }
    }
    if (high != 0) append_utf8(out, 0xfffd);
    return out;
}

}  // namespace

bool known_charset(std::string_view name) {
    return is_utf8_name(name) || is_latin_name(name) || open(name) != nullptr;
}

std::string to_utf8(std::string_view bytes, std::string_view charset) {
    if (is_utf8_name(charset)) return repair_utf8(bytes);
    if (is_latin_name(charset)) {
        // Much mail is UTF-8 that says US-ASCII; what is valid UTF-8 and has 8-bit octets is not Latin by
        // chance.
        bool ascii_name = starts_with_ci(charset, "us-") || starts_with_ci(charset, "a");
        return is_ascii(bytes) ? std::string{bytes} : ascii_name ? fallback(bytes) : latin_to_utf8(bytes);
    }
    Converter converter = open(charset);
    return converter == nullptr ? fallback(bytes) : convert(converter.get(), bytes);
}

}  // namespace postrider::text
