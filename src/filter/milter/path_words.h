#pragma once

#include <string_view>

/// What filters are told of the paths of MAIL and RCPT.
namespace postrider::filter::milter {

inline std::string_view without_brackets(std::string_view path) {
    if (path.starts_with('<') && path.ends_with('>')) return path.substr(1, path.size() - 2);
    return path;
}

inline std::string_view domain_of(std::string_view address) {
    const std::size_t at = address.rfind('@');
    return at == std::string_view::npos ? std::string_view{} : address.substr(at + 1);
}

}  // namespace postrider::filter::milter
