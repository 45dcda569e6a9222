#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "container/container.h"

namespace postrider::container {

/// Appends `payload` to `out` in the smallest form that `most` allows.
/// @return the codec that was used; raw if nothing pays
Codec compress(std::string& out, std::string_view payload, Codec most, Effort effort = Effort::thorough);

/// @return the payload, exactly `payload_size` bytes; nothing if `stored` is damaged
std::optional<std::string> decompress(std::string_view stored, Codec codec, std::uint32_t payload_size);

/// The start of the payload from the start of what is stored: as many bytes as `stored` gives, at most
/// `wanted`; nothing if it is damaged.
std::optional<std::string> decompress_head(std::string_view stored, Codec codec, std::size_t wanted);

}  // namespace postrider::container
