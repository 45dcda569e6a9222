#pragma once

#include "imap/session/client.h"

namespace postrider::imap {

/// Tells whoever runs scripts then what the client has done (RFC 6785 §3). Costs nothing where nobody does.
void tell(Client& client, mailstore::Account& account, MailEvent::Cause cause, FolderId folder,
          std::vector<Uid> uids, std::vector<std::string> flags = {});
/// Flags as scripts read them: "\\Seen", "$Label".
std::vector<std::string> names_of(const mailstore::FlagChange& change);

}  // namespace postrider::imap
