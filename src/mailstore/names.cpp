#include "mailstore/names.h"

#include <algorithm>

namespace postrider::mailstore {
namespace {

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool is_control(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 || c == 0x7f) return true;
        if (c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0)
            return true;  // C1
    }
    return false;
}

}  // namespace

bool same_keyword(std::string_view a, std::string_view b) {
    return a.size() == b.size()
           && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return upper(x) == upper(y); });
}

bool is_keyword(std::string_view text) {
    if (text.empty() || text.size() > 100) return false;
    for (unsigned char c : text)
        if (c <= 0x20 || c >= 0x7f
            || std::string_view{"(){%*\"\\]"}.find(static_cast<char>(c)) != std::string_view::npos)
            return false;
    return true;
}

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        auto at = [&](std::size_t k) {
            return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u;
        };
        unsigned lead = at(0);
        auto tail = [&](std::size_t k) { return (at(k) & 0xc0) == 0x80; };
        if (lead < 0x80)
            i += 1;
        else if (lead >= 0xc2 && lead <= 0xdf && tail(1))
            i += 2;
        else if (lead >= 0xe0 && lead <= 0xef && tail(1) && tail(2) && !(lead == 0xe0 && at(1) < 0xa0)
                 && !(lead == 0xed && at(1) > 0x9f))
            i += 3;
        else if (lead >= 0xf0 && lead <= 0xf4 && tail(1) && tail(2) && tail(3)
                 && !(lead == 0xf0 && at(1) < 0x90) && !(lead == 0xf4 && at(1) > 0x8f))
            i += 4;
        else
            return false;
    }
    return true;
}

Result<std::string> normal_path(std::string_view path) {
    auto bad = [&](const char* why) {
        return std::unexpected(Failure{MailError::bad_name, std::string{"folder name "} + why});
    };
    if (path.empty()) return bad("is empty");
    if (path.size() > max_path_bytes) return bad("is too long");
    if (!is_utf8(path)) return bad("is not UTF-8");
    if (is_control(path)) return bad("holds control characters");
    std::size_t levels = 0;
    for (std::size_t begin = 0; begin <= path.size(); ++levels) {
        std::size_t end = std::min(path.find('/', begin), path.size());
        if (end == begin) return bad("has an empty component");
        if (end - begin > max_component_bytes) return bad("has too long a component");
        begin = end + 1;
    }
    if (levels > max_path_levels) return bad("has too many levels");
    std::string normal{path};
    std::string_view first = path.substr(0, path.find('/'));
    if (same_keyword(first, "INBOX")) normal.replace(0, 5, "INBOX");
    return normal;
}

}  // namespace postrider::mailstore
