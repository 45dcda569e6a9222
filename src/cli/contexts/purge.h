#pragma once

#include "cli/shell/frame.h"

/// PURGE public|account folders: mail that leaves many mailboxes at once.
namespace postrider::cli {

void add_purge_of_all(Context& root);
void add_purge_of_domain(Context& domain);
/// PURGE account folders, of one account.
Reply purge_account(Call& call, DomainId domain, AccountId account);
inline constexpr std::string_view purge_account_syntax = "PURGE account folders <folders>...";
inline constexpr std::string_view purge_help =
    "Delete messages: names of folders, separated by commas, then nothing (all messages) or what a search of "
    "IMAP "
    "must find";

}  // namespace postrider::cli
