#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "settings/setting.h"

namespace postrider::settings {

/// What an account may use. A service must also be on at the server and at the domain.
enum class AccountService : std::uint8_t { smtp_incoming, pop3, imap, rpop };

/// With whom an account may exchange mail; its exceptions turn the answer around.
enum class ExchangePolicy : std::uint8_t {
    deny_any_domain,
    allow_any_domain,
    allow_local_domain,                 ///< the account's own domain, by name or alias
    allow_local_domain_and_subdomains,  ///< and what lies below it
};

/// What becomes of mail that filters take for unwanted.
enum class FilteringOption : std::uint8_t {
    pass,
    discard,
    send_ndr,
    move_to_filtered,
    move_to_filtered_with_ic,  ///< and its sender is asked who he is
};

inline constexpr Choice filtering_options[] = {
    {"pass", FilteringOption::pass},
    {"discard", FilteringOption::discard},
    {"sendNDR", FilteringOption::send_ndr},
    {"moveToFilteredEmail", FilteringOption::move_to_filtered},
    {"moveToFilteredEmailWithIC", FilteringOption::move_to_filtered_with_ic},
};

enum class PurgedFolder : std::uint8_t { trash, spam };

enum class CharacterClass : std::uint8_t { lower, upper, digits, special };

/// What is inherited server -> domain -> account class -> account (inherit.h). 0 means unlimited.
struct AccountSettings {
    Set<AccountService> services{AccountService::smtp_incoming, AccountService::pop3, AccountService::imap,
                                 AccountService::rpop};

    std::uint32_t mbox_count = 0;             ///< folders
    std::uint64_t total_message_count = 0;    ///< messages in all folders together
    std::uint64_t total_message_size_kb = 0;  ///< their size
    std::uint64_t message_count = 0;          ///< messages in one folder
    std::uint64_t message_size_kb = 0;        ///< size of one folder
    unsigned quota_limit_threshold = 90;      ///< per cent of a quota from which on the account is warned
    bool quota_notices = false;               ///< the warning is a message, too
    std::chrono::minutes quota_notice_interval{1440};
    std::string quota_notice_file = "none";  ///< a whole message, or its text; wins over the next two
    std::string quota_notice_subject, quota_notice_body;  ///< "": our own words
    unsigned quota_send_threshold = 0;  ///< per cent of a quota from which on the account cannot send; 0: any

    bool send_restrictions = false;
    ExchangePolicy send_policy = ExchangePolicy::allow_any_domain;
    std::vector<std::string> send_exceptions;  ///< addresses and domains
    bool recv_restrictions = false;
    ExchangePolicy recv_policy = ExchangePolicy::allow_any_domain;
    std::vector<std::string> recv_exceptions;

    std::uint64_t sent_messages_count = 0;  ///< within the interval; 0 for no limit, as the next two
    std::uint64_t sent_recipients_count = 0;
    std::uint64_t sent_messages_size_kb = 0;
    std::chrono::seconds sent_messages_interval{3600};
    std::vector<std::string> sent_recipients_exceptions;  ///< addresses and domains that do not count
    std::string sent_overquota_file = "none";
    std::string sent_overquota_address;  ///< "": nobody is told

    unsigned temporary_aliases_count = 5;
    unsigned temporary_aliases_days = 30;  ///< longest life of one

    unsigned rpop_connection_count = 5;
    std::chrono::minutes rpop_retrieval_interval{10};  ///< shortest pause between two retrievals

    bool welcome_message = false;
    std::string welcome_message_file = "none";
    unsigned autopurge_days = 0;  ///< 0: never
    Set<PurgedFolder> autopurge_folders{PurgedFolder::trash, PurgedFolder::spam};

    unsigned undelete_hours = 336;       ///< how long expunged messages can be restored; 0: not at all
    std::uint64_t undelete_size_kb = 0;  ///< of them together; 0: as total_message_size_kb

    unsigned pop3_connection_count = 4;
    unsigned imap_connection_count = 16;

    bool password_enforcement = false;
    unsigned minimum_password_length = 8;
    unsigned maximum_password_length = 128;
    Set<CharacterClass> required_password_characters;
    FilteringOption filtering_option = FilteringOption::move_to_filtered;
    bool allow_identity_confirmation = true;   ///< an administrator's word
    bool identity_confirmation = false;        ///< the owner's
    std::string confirmation_code;             ///< a word of the owner's: with a new one all codes before end
    unsigned confirmation_skip_days = 3;       ///< before the same sender is asked again
    std::string confirmation_text;             ///< "": our own words
    bool whitelist_address_book = true;        ///< who is in the address book is as in the whitelist
    bool blacklist_spare_address_book = true;  ///< and never as in the blacklist

    bool password_unchangeable = false;  ///< by its owner; an administrator always can

    bool operator==(const AccountSettings&) const = default;
};

TableOf<AccountSettings> account_table();

}  // namespace postrider::settings
