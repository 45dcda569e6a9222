#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::sieve {

/// sieve-address = addr-spec / phrase "<" addr-spec ">" (RFC 5228 §2.4.2.3): the addr-spec, or nullopt when the
/// text is not exactly one.
std::optional<std::string> one_address(std::string_view text);

}  // namespace postrider::sieve
