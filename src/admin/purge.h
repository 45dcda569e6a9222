#pragma once

#include <string>
#include <vector>

#include "admin/operation.h"

/// Mail that leaves many mailboxes at once.
namespace postrider::admin {

struct Purge {
    /// Paths, each in every mailbox; "Trash" and "Spam" are also those that are used as such. What a mailbox
    /// has not is left out.
    std::vector<std::string> folders;
    /// All of these search-keys (RFC 9051 §6.4.4) must find a message; of none: all messages.
    std::vector<std::string> criteria;
};
struct Purged {
    std::uint64_t mailboxes = 0, folders = 0, messages = 0;  ///< that something was taken from
};

/// What is wrong with it; nothing is purged by one that cannot be run.
std::expected<void, Error> check(const Context& context, const Purge& purge);

/// Each folder durably, one after another; progress is called before each, and may end it. As after EXPUNGE,
/// messages can be restored for as long as undeleteWindow says.
std::expected<Purged, Error> purge_mailbox(Context& context, AccountId mailbox, const Purge& purge,
                                           const Progress& progress);
/// Of all accounts, or of the public folders.
std::expected<Purged, Error> purge_domain(Context& context, const directory::Domain& domain,
                                          bool public_folders, const Purge& purge, const Progress& progress);

}  // namespace postrider::admin
