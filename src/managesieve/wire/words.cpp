#include "managesieve/wire/words.h"

#include <fmt/format.h>

namespace postrider::managesieve {

std::string to_literal(std::string_view text) {
    return fmt::format("{{{}}}\r\n{}", text.size(), text);
}

std::string to_string(std::string_view text) {
    if (text.size() > 1024) return to_literal(text);
    std::string out = "\"";
    for (char c : text) {
        if (c == '\r' || c == '\n' || c == '\0') return to_literal(text);
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string reply(std::string_view word, std::string_view code, std::string_view text) {
    std::string line{word};
    if (!code.empty()) line.append(" (").append(code).append(")");
    if (!text.empty()) line.append(" ").append(to_string(text));
    return line + "\r\n";
}

}  // namespace postrider::managesieve
