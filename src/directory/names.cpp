#include "directory/names.h"

#include <algorithm>

#include "text/ascii.h"
#include "text/fold.h"
#include "text/idna.h"
#include "text/utf8.h"

namespace postrider::directory {
namespace {

constexpr std::size_t max_local = 64;    // RFC 5321 §4.5.3.1.1
constexpr std::size_t max_domain = 253;  // RFC 1035 §2.3.4, without the root's dot
constexpr std::size_t max_detail = 1000;

/// atext of RFC 5322 §3.2.3 but '+'; UTF-8 beyond US-ASCII by RFC 6532 §3.2.
bool name_octet(char c) {
    if (static_cast<unsigned char>(c) >= 0x80 || text::is_alpha(c) || text::is_digit(c)) return true;
    return std::string_view{"!#$%&'*-/=?^_`{|}~"}.find(c) != std::string_view::npos;
}

bool printable(std::string_view utf8) {
    if (!text::valid_utf8(utf8)) return false;
    while (!utf8.empty()) {
        char32_t c = text::take_code_point(utf8);
        // C0, DEL, C1; line and paragraph separators; bidirectional overrides, which make one name look like
        // another.
        if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e)
            || (c >= 0x2066 && c <= 0x2069) || c == 0x200b || c == 0xfeff)
            return false;
    }
    return true;
}

bool good_label(std::string_view label) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    return std::all_of(label.begin(), label.end(),
                       [](char c) { return text::is_alpha(c) || text::is_digit(c) || c == '-' || c == '_'; });
}

}  // namespace

std::string fold_local(std::string_view local) {
    return text::fold_unicode(local);
}

std::optional<std::string> normal_domain(std::string_view name) {
    auto alabels = text::to_alabels(name);
    if (!alabels || alabels->empty() || alabels->size() > max_domain) return std::nullopt;
    for (std::string_view rest = *alabels;;) {
        auto dot = rest.find('.');
        if (!good_label(rest.substr(0, dot))) return std::nullopt;
        if (dot == std::string_view::npos) break;
        rest.remove_prefix(dot + 1);
    }
    return text::to_ulabels(*alabels);
}

std::optional<std::string> local_name_fault(std::string_view name) {
    if (name.empty()) return "a name is needed before the '@'";
    if (name.size() > max_local) return "the name is longer than 64 octets";
    if (name.find('+') != std::string_view::npos)
        return "'+' divides a user from a folder and cannot be in a name";
    if (name.front() == '.' || name.back() == '.' || name.find("..") != std::string_view::npos)
        return "a dot must stand between other characters";
    if (!printable(name)) return "the name is not UTF-8 or holds characters that cannot be seen";
    auto bad = std::find_if(name.begin(), name.end(), [](char c) { return c != '.' && !name_octet(c); });
    if (bad != name.end()) return std::string{"'"} + *bad + "' cannot be in a name";
    return std::nullopt;
}

std::optional<std::string> label_fault(std::string_view name) {
    if (name.empty()) return "a name is needed";
    if (name.size() > max_local) return "the name is longer than 64 octets";
    if (name.find('/') != std::string_view::npos) return "'/' cannot be in a name";
    if (!printable(name)) return "the name is not UTF-8 or holds characters that cannot be seen";
    return std::nullopt;
}

std::string_view folder_detail(std::string_view detail) {
    return detail.size() <= max_detail && printable(detail) ? detail : std::string_view{};
}

}  // namespace postrider::directory
