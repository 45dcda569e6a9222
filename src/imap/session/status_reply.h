#pragma once

#include <cstdint>
#include <string>

#include "imap/session/client.h"

namespace postrider::imap {

/// Appends "* STATUS name (...)" CRLF to Client::out.
mailstore::Result<> put_status(Client& client, mailstore::Account& account,
                               const mailstore::FolderInfo& folder, std::uint16_t items);

}  // namespace postrider::imap
