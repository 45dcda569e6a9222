#pragma once

#include <expected>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

/// Which folders Cyrus's users have subscribed to: lists beside its configuration, not in the spool.
namespace postrider::migration {

/// The user's own folders in a flat database (subscription_db's usual form): keys are "user.alice.Work" and,
/// since 3.6, "NINBOX" and components behind 0x1f. Those of others are left out. Pure.
/// @param user  "alice" or "alice@example.org"
std::expected<std::set<std::string>, std::string> parse_cyrus_subscriptions(std::string_view database,
                                                                            const std::string& user);

/// Looks where versions keep it: user/uuid/a/b/ID/sub.db by the INBOX's id, user/a/alice.sub,
/// domain/e/example.org/user/a/alice.sub. The error is that there is none, or that it cannot be read.
/// @param inbox  where the INBOX lies in the spool
std::expected<std::set<std::string>, std::string> read_cyrus_subscriptions(
    const std::filesystem::path& config, const std::filesystem::path& inbox, const std::string& user);

}  // namespace postrider::migration
