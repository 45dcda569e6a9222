#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "relay/tls_policy.h"

/// What a domain publishes for MTA-STS: pure functions. Limits: a policy of 64 KiB with 1,000 hosts.
namespace postrider::relay {

inline constexpr std::size_t max_sts_policy = 64 << 10;

/// The id of the domain's TXT records at _mta-sts (RFC 8461 §3.1). Nothing if not exactly one of them is a
/// valid record of this version: then there is no policy.
std::optional<std::string> sts_id(std::span<const std::string> texts);

/// The policy file (§3.2); `id` stays empty. The error says what is wrong with it.
std::expected<StsPolicy, std::string> parse_sts_policy(std::string_view text);

std::string_view word(StsPolicy::Mode mode);

}  // namespace postrider::relay
