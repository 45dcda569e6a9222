#pragma once

#include <cstdint>

#include "settings/setting.h"

namespace postrider::settings {

/// What an account may use. A service must also be on at the server and at the domain.
enum class AccountService : std::uint8_t { smtp_incoming, pop3, imap };

enum class CharacterClass : std::uint8_t { lower, upper, digits, special };

/// What is inherited server -> domain -> account class -> account (inherit.h). 0 means unlimited.
struct AccountSettings {
    Set<AccountService> services{AccountService::smtp_incoming, AccountService::pop3, AccountService::imap};

    std::uint32_t mbox_count = 0;             ///< folders
    std::uint64_t total_message_count = 0;    ///< messages in all folders together
    std::uint64_t total_message_size_kb = 0;  ///< their size
    std::uint64_t message_count = 0;          ///< messages in one folder
    std::uint64_t message_size_kb = 0;        ///< size of one folder
    unsigned quota_limit_threshold = 90;      ///< per cent of a quota from which on the account is warned

    unsigned pop3_connection_count = 4;
    unsigned imap_connection_count = 16;

    bool password_enforcement = false;
    unsigned minimum_password_length = 8;
    unsigned maximum_password_length = 128;
    Set<CharacterClass> required_password_characters;
    bool password_unchangeable = false;  ///< by its owner; an administrator always can

    bool operator==(const AccountSettings&) const = default;
};

TableOf<AccountSettings> account_table();

}  // namespace postrider::settings
