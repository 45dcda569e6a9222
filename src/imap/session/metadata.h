#pragma once

#include "imap/session/client.h"
#include "imap/wire/metadata.h"

namespace postrider::imap {

/// Annotations of a folder as a client may see them; with FolderId{0} those of the server (RFC 5464 §3.2.1).
mailstore::Result<std::vector<mailstore::Annotation>> visible_annotations(
    Client& client, mailstore::Account& account, const mailstore::FolderInfo* folder);

/// Appends "* METADATA name (entry value ...)" CRLF to Client::out for what the query asks of the folder (of
/// the server: nullptr). What is missing is NIL; below an entry, left out.
/// @return the size of the largest value that was left out for MAXSIZE; 0 = none was
mailstore::Result<std::size_t> put_metadata(Client& client, mailstore::Account& account,
                                            const mailstore::FolderInfo* folder, const MetadataQuery& query);

/// The search criteria of a named filter (RFC 5466 §3.1): the private one before the shared.
mailstore::Result<std::optional<std::string>> stored_filter(const Client& client, std::string_view name);

}  // namespace postrider::imap
