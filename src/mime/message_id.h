#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::mime {

/// The ids of a Message-ID, In-Reply-To or References field without their "<>" (RFC 5322 §3.6.4), at most
/// `limit`. Text around them (obs-in-reply-to) and blanks within them are dropped; an id is at most 998
/// octets.
std::vector<std::string> parse_message_ids(std::string_view value, std::size_t limit = 1000);

/// The first of them. A field of one word without "<>" counts as an id too, since some senders forget them.
std::optional<std::string> first_message_id(std::string_view value);

/// Stable over versions, since it is kept on disk; 0 only for "".
std::uint64_t thread_key(std::string_view message_id);

}  // namespace postrider::mime
