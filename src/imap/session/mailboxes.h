#pragma once

#include <functional>
#include <vector>

#include "imap/session/client.h"

/// All mailboxes that a user sees.
namespace postrider::imap {

/// INBOX first, then by name.
mailstore::Result<std::vector<Mailbox>> own_mailboxes(const Client& client);

/// Those that others share and public ones, with the names that lead to them (not selectable, no id).
/// @param wanted  asked with "Other Users/bob" before bob's are looked at
mailstore::Result<std::vector<Mailbox>> shared_mailboxes(
    const Client& client, const std::function<bool(std::string_view root)>& wanted);

}  // namespace postrider::imap
