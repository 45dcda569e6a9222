#pragma once

#include <string>
#include <string_view>

/// US-ASCII without a locale. Octets above 127 are left as they are.
namespace postrider::text {

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
constexpr char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}
constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t';
}
constexpr bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
bool equal_ci(std::string_view a, std::string_view b);  ///< equal but for the case of A-Z
bool starts_with_ci(std::string_view text, std::string_view prefix);
bool is_ascii(std::string_view text);          ///< no octet above 127
std::string_view trim(std::string_view text);  ///< without blanks, CR and LF at both ends

}  // namespace postrider::text
