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

/// As thread_key(), but ids that differ by quoting alone are the same (RFC 5256 §3, REFERENCES).
std::uint64_t reference_key(std::string_view message_id);

/// Whom a message answers, eldest first, as reference_key()s: the last hundred ids of References, or the
/// first of In-Reply-To when References has none (RFC 5256 §3, REFERENCES step 1).
std::vector<std::uint64_t> reference_keys(std::string_view references, std::string_view in_reply_to);

}  // namespace postrider::mime
