#pragma once

#include <optional>

#include "imap/session/client.h"

/// At most so many messages are worked on by one command, where the operator says so (RFC 9738). The newest
/// are; what a client does about the others is its affair.
namespace postrider::imap {

/// What COPY takes in any case (SAVELIMIT): the batch of so many fits what the store does at once.
inline constexpr std::uint32_t save_limit = 10'000;

/// The highest of `uids`, as many as the limit allows; the lowest of those when some were left out.
std::optional<Uid> keep_within_limit(const Client& client, UidSet& uids);

/// The refusal of a command that does all or nothing.
Reply over_limit(const Client& client, std::optional<Uid> lowest = {});

/// The reply to a command that has done the newest messages, down to `lowest`; as it was without.
Reply within_limit(Client& client, std::optional<Uid> lowest, Reply reply);

}  // namespace postrider::imap
