#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "migration/found.h"

/// Spools of Cyrus 3.6 and later: folders of all users lie by their ids ("uuid/i/3/i3wc6sf9gq..."), and each
/// says in its cyrus.header which it is.
namespace postrider::migration {

struct CyrusMailbox {
    std::string user;  ///< "alice", with virtual domains "alice@example.org"
    std::string path;  ///< "INBOX", "Work/Old"
    std::filesystem::path place;
};

/// Sets user and path by "user.alice.Work.Old" or "example.org!user.alice"; false for public and deleted
/// folders.
bool name_cyrus_mailbox(std::string_view name, CyrusMailbox& mailbox);

/// Whether that partition is one of these.
bool is_cyrus_spool(const std::filesystem::path& root);

inline constexpr std::size_t max_cyrus_mailboxes = 2'000'000;  ///< of a partition

/// The mail folders of all users, by user and path, INBOX first. What has been deleted and is kept for a
/// while is not among them.
std::expected<std::vector<CyrusMailbox>, std::string> read_cyrus_spool(const std::filesystem::path& root,
                                                                       const OnProblem& problem);

/// The folders of a user of that spool, of which there are many: an estimate of messages is not made.
std::unique_ptr<Source> cyrus_spool_source(std::vector<CyrusMailbox> mailboxes,
                                           const SourceOptions& options = {});

}  // namespace postrider::migration
