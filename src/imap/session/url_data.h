#pragma once

#include "imap/session/client.h"
#include "imap/wire/imap_url.h"

namespace postrider::imap {

/// The octets that a URL names in a folder; nullopt when there are none. \Seen stays as it is. Blocks on
/// disk.
std::optional<std::string> url_data(mailstore::Account& account, const mailstore::FolderInfo& folder,
                                    const ImapUrl& url);

/// For CATENATE: a path of this session's own account (RFC 4469 §3).
std::optional<std::string> own_url_data(const Client& client, std::string_view url);

}  // namespace postrider::imap
