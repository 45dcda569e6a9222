#include "settings/account.h"

namespace postrider::settings {

namespace {

constexpr Choice services[] = {
    {"smtpIncoming", AccountService::smtp_incoming},
    {"pop3", AccountService::pop3},
    {"imap", AccountService::imap},
    Choice{"webmail"},
    Choice{"rpop"},
};

constexpr Choice character_classes[] = {
    {"lower", CharacterClass::lower},
    {"upper", CharacterClass::upper},
    {"digits", CharacterClass::digits},
    {"special", CharacterClass::special},
};

constexpr std::int64_t max_kb = 4096LL * 1024 * 1024 - 1;  // 4096 GB less 1 KB

using A = AccountSettings;

constexpr Setting<A> rows[] = {
    {.name = "services",
     .field = choice<&A::services, services>,
     .help = "What the account may use, if its domain and the server offer it too.",
     .scope = Scope::account},
    {.name = "mboxCount",
     .field = field<&A::mbox_count>,
     .range = {0, 1'000'000},
     .help = "Folders the account may have; 0 for no limit.",
     .scope = Scope::account},
    {.name = "totalMessageCount",
     .field = field<&A::total_message_count>,
     .range = {0, 4'294'967'295},
     .help = "Messages in all folders together; 0 for no limit.",
     .scope = Scope::account},
    {.name = "totalMessageSize",
     .field = field<&A::total_message_size_kb>,
     .range = {0, max_kb},
     .help = "Size of all folders together; 0 for no limit.",
     .unit = "KB",
     .scope = Scope::account},
    {.name = "messageCount",
     .field = field<&A::message_count>,
     .range = {0, 4'294'967'295},
     .help = "Messages in one folder; 0 for no limit.",
     .scope = Scope::account},
    {.name = "messageSize",
     .field = field<&A::message_size_kb>,
     .range = {0, max_kb},
     .help = "Size of one folder; 0 for no limit.",
     .unit = "KB",
     .scope = Scope::account},
    {.name = "quotaLimitThreshold",
     .field = field<&A::quota_limit_threshold>,
     .range = {1, 100},
     .help = "How much of a quota may be used before the account is warned.",
     .unit = "%",
     .scope = Scope::account},
    {.name = "pop3ConnectionCount",
     .field = field<&A::pop3_connection_count>,
     .range = {1, 999},
     .help = "POP3 sessions the account may have at once.",
     .scope = Scope::account},
    {.name = "imapConnectionCount",
     .field = field<&A::imap_connection_count>,
     .range = {1, 999},
     .help = "IMAP sessions the account may have at once.",
     .scope = Scope::account},
    {.name = "passwordEnforcementEnabled",
     .field = field<&A::password_enforcement>,
     .help = "Hold new passwords against the three rules that follow.",
     .scope = Scope::account},
    {.name = "minimumPasswordLength",
     .field = field<&A::minimum_password_length>,
     .range = {1, 1024},
     .help = "Shortest new password that is taken.",
     .unit = "characters",
     .scope = Scope::account},
    {.name = "maximumPasswordLength",
     .field = field<&A::maximum_password_length>,
     .range = {1, 1024},
     .help = "Longest new password that is taken.",
     .unit = "characters",
     .scope = Scope::account},
    {.name = "requiredPasswordCharacters",
     .field = choice<&A::required_password_characters, character_classes>,
     .help = "Kinds of characters that a new password must hold.",
     .scope = Scope::account},
    {.name = "passUnchangeable",
     .field = field<&A::password_unchangeable>,
     .help = "The owner cannot change the password; administrators can.",
     .scope = Scope::account},
};

}  // namespace

TableOf<AccountSettings> account_table() {
    return {rows, "account", "What an account has unless its domain, its class or itself says otherwise."};
}

}  // namespace postrider::settings
