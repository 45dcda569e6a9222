#pragma once

#include "delivery/intake.h"

namespace postrider::delivery {

/// Hands in a message of the server's own, from nobody (RFC 5321 §4.5.5): no rule of sending or receiving and
/// no quota keeps it out. Waits until it is on disk; not for threads that must not block.
/// @param payload  header and body with CRLF line ends
/// @return false when nobody takes it or it could not be stored
bool post_own(const Router& router, Intake& intake, const Clock& clock, const mime::AddrSpec& to,
              std::string payload);

/// Puts a message into one folder of an account as if it had been delivered there.
/// Quotas count. Waits until it is on disk.
/// @param folder  path; made when it is not there
/// @return the id, or why not
mailstore::Result<QueueId> put_into_folder(mailstore::MailStore& store, Intake& intake, const Clock& clock,
                                           const directory::AccountEntry& account, const std::string& folder,
                                           std::string payload, const mime::AddrSpec& reverse_path,
                                           std::uint16_t location);

}  // namespace postrider::delivery
