#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace postrider::mailauth {

enum class UnpackError { broken, too_big };

/// The one file in a gzip (RFC 1952) or zip file, or the octets as they are when they are neither. Never more
/// than `limit` octets are made, whatever the file says about itself.
std::expected<std::string, UnpackError> unpack(std::string_view octets, std::size_t limit);

}  // namespace postrider::mailauth
