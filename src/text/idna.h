#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Internationalised domain names (RFC 5890 ff., UTS #46 non-transitional mapping).
namespace postrider::text {

/// The domain as DNS asks for it: A-labels, lower case. nullopt when it is no domain name. A pure US-ASCII
/// name is only put in lower case, so that names with "_" or doubled hyphens, which exist, stay usable.
std::optional<std::string> to_alabels(std::string_view domain);

/// The domain as people read it and as we compare it: U-labels, lower case. A label that cannot be turned
/// stays as it is.
std::string to_ulabels(std::string_view domain);

}  // namespace postrider::text
