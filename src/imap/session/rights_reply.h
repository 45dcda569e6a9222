#pragma once

#include "imap/session/client.h"

namespace postrider::imap {

/// Appends "* MYRIGHTS name lrs" CRLF to Client::out.
void put_my_rights(Client& client, const Mailbox& mailbox, rights::RightSet mine);

}  // namespace postrider::imap
