#pragma once

#include <string>
#include <string_view>

namespace postrider::text {

/// `octets` as a gzip file (RFC 1952).
std::string gzip(std::string_view octets);

}  // namespace postrider::text
