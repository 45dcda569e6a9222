#include "text/idna.h"

#include <idn2.h>

#include <memory>

#include "text/ascii.h"
#include "text/utf8.h"

namespace postrider::text {
namespace {

constexpr std::size_t max_domain = 1024;  // in UTF-8; 255 octets as A-labels (RFC 1035 §2.3.4)

struct FreeIdn {
    void operator()(char* text) const { idn2_free(text); }
};
using IdnText = std::unique_ptr<char, FreeIdn>;

bool has_alabel(std::string_view domain) {
    return domain.starts_with("xn--") || domain.find(".xn--") != std::string_view::npos;
}

}  // namespace

std::optional<std::string> to_alabels(std::string_view domain) {
    if (domain.empty() || domain.size() > max_domain || domain.find('\0') != std::string_view::npos)
        return std::nullopt;
    if (is_ascii(domain)) {
        if (domain.size() > 255) return std::nullopt;
        return to_lower(domain);
    }
    if (!valid_utf8(domain)) return std::nullopt;
    char* raw = nullptr;
    int rc = idn2_to_ascii_8z(std::string{domain}.c_str(), &raw, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    IdnText result{raw};
    if (rc != IDN2_OK) return std::nullopt;
    return to_lower(result.get());
}

std::string to_ulabels(std::string_view domain) {
    std::string plain = to_lower(domain);
    if (plain.empty() || plain.size() > max_domain || plain.find('\0') != std::string::npos) return plain;
    bool ascii = is_ascii(plain);
    if (ascii && !has_alabel(plain)) return plain;
    if (!ascii) {
        // To A-labels and back maps the case and the form of every character.
        auto alabels = to_alabels(plain);
        if (!alabels) return plain;
        plain = std::move(*alabels);
    }
    char* raw = nullptr;
    int rc = idn2_to_unicode_8z8z(plain.c_str(), &raw, 0);
    IdnText result{raw};
    if (rc != IDN2_OK || result == nullptr || !valid_utf8(result.get())) return plain;
    // RFC 5891 §5.3: what looks like an A-label is one only when its U-label leads back to it. Otherwise two
    // names would be shown, and compared, as one.
    std::string shown{result.get()};
    return to_alabels(shown) == plain ? shown : plain;
}

}  // namespace postrider::text
