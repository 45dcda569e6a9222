#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "mailstore/types.h"

/// Ids of mailboxes, messages and threads that outlive names and sessions (RFC 8474).
namespace postrider::imap {

/// "F5-2b": by UIDVALIDITY, which no two folders of an account ever share, and which changes with whatever
/// may not keep the id.
void put_mailbox_id(std::string& out, AccountId account, const mailstore::FolderInfo& folder);
/// "M1f3a"
void put_email_id(std::string& out, std::uint64_t email_id);
/// "(T1f3a)", or NIL for a message that has no ids to go by.
void put_thread_id(std::string& out, std::uint64_t thread_key);

/// The number behind the letter; 0 when it is no id of ours, which no message has.
std::uint64_t read_object_id(std::string_view id, char letter);

}  // namespace postrider::imap
