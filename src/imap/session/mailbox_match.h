#pragma once

#include "imap/session/client.h"
#include "imap/wire/esearch.h"

namespace postrider::imap {

/// Whether a folder is among those that a filter means (RFC 5465 §6, RFC 7377 §2.2).
bool matches(const Client& client, const MailboxFilter& filter, const mailstore::FolderInfo& folder);

}  // namespace postrider::imap
