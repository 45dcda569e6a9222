#pragma once

#include <functional>

#include "directory/directory.h"
#include "mailstore/mailstore.h"
#include "observe/log.h"

namespace postrider::rules {

/// Removes what has been in an account's Trash or Spam folder for longer than autopurgeAgeLimit.
/// @return how many messages went
std::size_t autopurge(const directory::AccountEntry& account, const settings::AccountSettings& settings,
                      mailstore::MailStore& store, Time now, const observe::Logger& log);

/// The same for every account of the server, page by page; `go_on` is asked before each account.
std::size_t autopurge_all(const directory::Directory& directory, mailstore::MailStore& store, Time now,
                          const observe::Logger& log, const std::function<bool()>& go_on);

}  // namespace postrider::rules
