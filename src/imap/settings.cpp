#include "imap/settings.h"

namespace postrider::imap {
namespace {

using auth::Mechanism;
using settings::Choice;
using settings::Setting;

constexpr Choice auth_types[] = {
    {"plain", Mechanism::plain},
    {"login", Mechanism::login},
    {"cram-md5", Mechanism::cram_md5},
    {"digest-md5", Mechanism::digest_md5},
    {"scram-sha-1", Mechanism::scram_sha_1, Mechanism::scram_sha_1_plus},
    {"scram-sha-256", Mechanism::scram_sha_256, Mechanism::scram_sha_256_plus},
    Choice{"gssapi"},
    {"all", Mechanism::plain, Mechanism::login, Mechanism::cram_md5, Mechanism::digest_md5, Mechanism::scram_sha_1,
     Mechanism::scram_sha_1_plus, Mechanism::scram_sha_256, Mechanism::scram_sha_256_plus},
};

constexpr settings::Set<Mechanism> all_types{
    Mechanism::plain,       Mechanism::login,         Mechanism::cram_md5,         Mechanism::digest_md5,
    Mechanism::scram_sha_1, Mechanism::scram_sha_256, Mechanism::scram_sha_1_plus, Mechanism::scram_sha_256_plus};

settings::ListenerSettings listener() {
    settings::ListenerSettings made;
    made.address = "127.0.0.1:143";
    made.idle_timeout = default_idle_timeout;
    return made;
}

auth::Mechanisms mechanisms(settings::Set<Mechanism> types) {
    auth::Mechanisms set;
    for (unsigned i = 0; i < auth::mechanism_count; ++i)
        if (types.has(static_cast<Mechanism>(i))) set.add(static_cast<Mechanism>(i));
    return set;
}

constexpr Setting<ImapSettings> rows[] = {
    {.field = settings::inlined<&ImapSettings::service, settings::service_table>},
    {.name = "listeners",
     .field = settings::object_set<&ImapSettings::listeners, settings::listener_table, listener>,
     .help = "Addresses on which IMAP is served.",
     .key = "address"},
    {.name = "allowStartTLS",
     .field = settings::field<&ImapSettings::allow_start_tls>,
     .help = "Whether STARTTLS is offered on connections that are not secure yet."},
    {.name = "secureConnAllowLogin",
     .field = settings::field<&ImapSettings::secure_allow_login>,
     .help = "Whether LOGIN may be used with TLS."},
    {.name = "secureConnAuthTypes",
     .field = settings::choice<&ImapSettings::secure_types, auth_types>,
     .help = "SASL mechanisms that are offered with TLS."},
    {.name = "plainConnAllowLogin",
     .field = settings::field<&ImapSettings::plain_allow_login>,
     .help = "Whether a password may cross a connection without TLS (LOGIN, and SASL PLAIN and LOGIN)."},
    {.name = "plainConnAuthTypes",
     .field = settings::choice<&ImapSettings::plain_types, auth_types>,
     .help = "SASL mechanisms that are offered without TLS."},
    {.name = "greetingsText",
     .field = settings::field<&ImapSettings::greeting>,
     .range = {0, 1024},
     .help = "What a client sees first, behind the capabilities."},
    {.name = "imapIdEnabled",
     .field = settings::field<&ImapSettings::id_enabled>,
     .help = "Whether the ID command (RFC 2971) is offered."},
    {.name = "imapShowAllFolders",
     .field = settings::field<&ImapSettings::show_all_folders>,
     .help = "Whether folders that hold no mail (calendars, contacts, tasks, notes, journals) are listed too."},
    {.name = "maxMessageSize",
     .field = settings::field<&ImapSettings::max_message_size>,
     .range = {64, 1048576},
     .help = "The largest message, or the largest sum of messages, that one APPEND takes.",
     .unit = "KB"},
    {.name = "loginTimeout",
     .field = settings::field<&ImapSettings::login_timeout>,
     .range = {10, 3600},
     .help = "How long a connection may take to log in.",
     .unit = "s"},
};

}  // namespace

ImapSettings::ImapSettings() : listeners{listener()}, secure_types{all_types}, plain_types{all_types} {}

auth::LoginRules ImapSettings::login_rules() const {
    auth::LoginRules rules;
    rules.secure_types = mechanisms(secure_types);
    rules.plain_types = mechanisms(plain_types);
    rules.secure_allow_login = secure_allow_login;
    rules.plain_allow_login = plain_allow_login;
    return rules;
}

settings::TableOf<ImapSettings> imap_table() {
    return {rows, "imap", "The IMAP service."};
}

}  // namespace postrider::imap
