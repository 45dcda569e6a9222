#include "settings/common.h"

namespace postrider::settings {

namespace {

using observe::Destination;
using observe::LogRule;
using observe::LogType;
using observe::Rotate;

constexpr Choice log_types[] = {
    {"internal", LogType::internal}, {"system", LogType::system}, {"remote", LogType::remote}};
constexpr Choice periods[] = {
    {"none", Rotate::none}, {"day", Rotate::day}, {"week", Rotate::week}, {"month", Rotate::month}};
constexpr Choice destinations[] = {{"local", Destination::local}, {"remote", Destination::remote}};

using P = LogProducerSettings;

constexpr Setting<P> producer_rows[] = {
    {.name = "logType",
     .field = choice<&P::type, log_types>,
     .help = "internal: the log service of this server; system: syslog; remote: the log service at logHost."},
    {.name = "logLevel",
     .field = field<&P::levels>,
     .range = {0, 31},
     .help = "Sum of 1 critical, 2 errors, 4 warnings, 8 information, 16 protocol."},
    {.name = "logHost",
     .field = field<&P::remote>,
     .help = "Where lines go when logType is remote (UDP).",
     .format = Format::ip_port},
};

using S = ServiceSettings;

constexpr Setting<S> service_rows[] = {
    {.field = inlined<&S::log, log_producer_table>},
    {.name = "maxConnThreads",
     .field = field<&S::max_threads>,
     .range = {1, 128},
     .help = "Upper bound of the service's share of the worker threads."},
    {.name = "minConnThreads",
     .field = field<&S::min_threads>,
     .range = {1, 128},
     .help = "Lower bound of the service's share of the worker threads."},
    {.name = "maxErrors",
     .field = field<&S::max_errors>,
     .range = {0, 100},
     .help = "Mistakes after which a session is closed; 0 for no limit."},
    {.name = "maxAuthErrors",
     .field = field<&S::max_auth_errors>,
     .range = {0, 100},
     .help = "Failed log-ins after which a session is closed; 0 for no limit."},
    {.name = "userdbConnectorType",
     .field = absent<S>,
     .help = "accounts are always this server's own until LDAP is built"},
    {.name = "userdbConnectorName", .field = absent<S>},
    {.name = "serviceAccessControl",
     .field = object<&S::access, access_control_table>,
     .help = "Limits and rules for connections that no listener's rule matched."},
};

constexpr Setting<LogRule> log_rule_rows[] = {
    {.name = "priority",
     .field = field<&LogRule::priority>,
     .range = {1, 1000},
     .help = "1 is asked first; 1000 is for the rule that catches the rest.",
     .required = true},
    {.name = "hostname",
     .field = field<&LogRule::host>,
     .range = {1, 255},
     .help = "Whose lines: a server's name or * for all."},
    {.name = "module",
     .field = field<&LogRule::module>,
     .range = {1, 32},
     .help = "Which service's lines (SMTP-IN, IMAP, POP3, PROCESSING, LOG, SERVER, ...) or * for all."},
    {.name = "logLevel",
     .field = field<&LogRule::levels>,
     .range = {0, 31},
     .help = "Levels that are stored, of those that the service lets through."},
    {.name = "fileName",
     .field = field<&LogRule::file>,
     .range = {1, 64},
     .help = "Name of the file in the log directory."},
    {.name = "fileSize",
     .field = field<&LogRule::file_size_kb>,
     .range = {100, 2'097'151},
     .help = "Size at which a new file is begun; 0 for 2 GB.",
     .unit = "KB",
     .zero_too = true},
    {.name = "fileTime",
     .field = field<&LogRule::file_time>,
     .range = {600, 2'592'000},
     .help = "Age at which a new file is begun; 0 for no limit.",
     .unit = "s",
     .zero_too = true},
    {.name = "fileCount",
     .field = field<&LogRule::file_count>,
     .range = {0, 1000},
     .help = "Old files that are kept; 0 for all."},
    {.name = "rotatePeriod",
     .field = choice<&LogRule::rotate, periods>,
     .help = "Begin a new file at the start of each of these."},
    {.name = "type",
     .field = choice<&LogRule::destination, destinations>,
     .help = "local: store; remote: send to the log service's logHost."},
};

using G = LogSettings;

constexpr Setting<G> log_rows[] = {
    {.field = inlined<&G::log, log_producer_table>},
    {.name = "listeners",
     .field = object_set<&G::listeners, udp_listener_table>,
     .range = {0, 64},
     .help = "Where lines of other servers are taken (UDP).",
     .key = "address"},
    {.name = "path",
     .field = field<&G::path>,
     .range = {1, 4096},
     .help = "Directory of the log files.",
     .format = Format::path},
    {.name = "rules",
     .field = object_set<&G::rules, log_rule_table>,
     .range = {0, 128},
     .help = "Which lines go to which file. The first rule by priority whose host and module match takes a "
             "line."},
    {.name = "enableSecurityLog",
     .field = field<&G::security_log>,
     .help = "Also write every log-in, with the client's address, to security.txt."},
    {.name = "enableLogDeduplication",
     .field = field<&G::deduplicate>,
     .help = "Write a line that repeats at once only once, with a count."},
};

using D = DomainStorageParams;

constexpr Setting<D> domain_rows[] = {
    {.name = "domainName",
     .field = field<&D::domain_name>,
     .range = {1, 255},
     .help = "Name of the domain.",
     .format = Format::host_name,
     .scope = Scope::domain,
     .required = true},
    {.name = "domainStorageLocation",
     .field = field<&D::domain_location>,
     .range = {0, 4096},
     .help = "Directory of the domain's own data.",
     .format = Format::path,
     .scope = Scope::domain},
    {.name = "domainObjectStorageLocation",
     .field = field<&D::object_location>,
     .range = {0, 4096},
     .help = "Directory of accounts, folders and the like.",
     .format = Format::path,
     .scope = Scope::domain},
    {.name = "messageStorageLocations",
     .field = field<&D::message_locations>,
     .range = {0, 255},
     .help = "Directories of message containers, best each on its own disk: they are used in parallel.",
     .format = Format::path,
     .scope = Scope::domain},
    {.name = "enable",
     .field = field<&D::enable>,
     .help = "A domain that is not enabled is not loaded.",
     .scope = Scope::domain},
    {.name = "enableMACLSupport",
     .field = field<&D::mail_acl_support>,
     .help = "Kept for other servers that read the file; here folders can always be shared.",
     .scope = Scope::domain},
    {.name = "activationLevel",
     .field = field<&D::activation_level>,
     .range = {0, 1'000'000},
     .help = "Lower levels are registered first: parents before their sub-domains.",
     .scope = Scope::domain},
    {.name = "activateWithoutParent",
     .field = field<&D::activate_without_parent>,
     .help = "Register a sub-domain also when its parent is missing.",
     .scope = Scope::domain},
};

constexpr Choice services[] = {
    {"processing", Service::processing},
    {"smtpIncoming", Service::smtp_incoming},
    {"smtpOutgoing", Service::smtp_outgoing},
    {"pop3", Service::pop3},
    {"imap", Service::imap},
    {"log", Service::log},
    {"smtp", Service::smtp_incoming, Service::smtp_outgoing},
    Choice{"webmail"},
    {"cli", Service::cli},
    Choice{"webadmin"},
    Choice{"reporting"},
    Choice{"ftpBackup"},
    {"rpop", Service::rpop},
    {"manageSieve", Service::manage_sieve},
    Choice{"pop3Proxy"},
    Choice{"imapProxy"},
    Choice{"webmailProxy"},
};

using R = ServerSettings;

constexpr Setting<R> server_rows[] = {
    {.name = "services", .field = choice<&R::services, services>, .help = "What is started."},
    {.name = "serverName",
     .field = field<&R::server_name>,
     .range = {0, 64},
     .help = "The server's name in greetings, trace headers and log lines.",
     .format = Format::host_name,
     .default_help = "the host's name"},
    {.name = "primaryDomain",
     .field = field<&R::primary_domain>,
     .range = {0, 255},
     .help = "The domain that bare user names belong to.",
     .format = Format::host_name,
     .default_help = "the host's domain"},
    {.name = "allowAliasLogins",
     .field = field<&R::allow_alias_logins>,
     .help = "An account may log in under its aliases too."},
    {.name = "enableSRS",
     .field = field<&R::enable_srs>,
     .help = "Mail from elsewhere that is forwarded to other hosts leaves under an address of primaryDomain "
             "(SRS), "
             "so that the SPF record of its sender's domain is not held against it."},
    {.name = "srsSecretKey",
     .field = field<&R::srs_secret_key>,
     .range = {0, 255},
     .help = "Secret that makes those addresses unforgeable; the same on all servers of the domain.",
     .secret = true,
     .default_help = "one of the server's own"},
    {.name = "sslHandshakeTimeout",
     .field = field<&R::ssl_handshake_timeout>,
     .range = {1, 600},
     .help = "How long a TLS handshake may take.",
     .unit = "s"},
    {.name = "domainStorageParams",
     .field = object_set<&R::domains, domain_storage_table>,
     .range = {0, 100'000},
     .help = "The domains and where their data lies.",
     .scope = Scope::domain,
     .restart = true,
     .key = "domainName"},
    {.name = "log", .field = object<&R::log, log_table>, .help = "The log service."},

    {.name = "enableIOSynchronization", .field = absent<R>, .help = "accepted mail is always synced to disk"},
    {.name = "sslRandomFile", .field = absent<R>, .help = "random numbers come from the operating system"},
    {.name = "maxIndexingThreads", .field = absent<R>},
    {.name = "maxMigrationThreads", .field = absent<R>},
    {.name = "defaultTimeZone", .field = absent<R>},
    {.name = "defaultLanguage", .field = absent<R>},
    {.name = "serverDataLocation", .field = absent<R>},
    {.name = "sendStatisticsEmail", .field = absent<R>, .help = "this server sends no usage reports"},
    {.name = "postmasterStatisticsEmailAddress", .field = absent<R>},
    {.name = "autodetectLanguage", .field = absent<R>},
    {.name = "allowedLanguages", .field = absent<R>},
    {.name = "availableLanguages", .field = absent<R>},
    {.name = "initialAccountSettings", .field = absent<R>},
    {.name = "caBundlePath", .field = absent<R>},
    {.name = "brandingName", .field = absent<R>},
    {.name = "enableStorageStatistics", .field = absent<R>},
    {.name = "enableTnefCommand", .field = absent<R>},
    {.name = "pop3ExclusiveLock", .field = absent<R>},
    {.name = "autodiscoveryParams", .field = absent<R>},
    {.name = "securityLogging", .field = absent<R>},
    {.name = "jobLogging", .field = absent<R>},
    {.name = "calLogging", .field = absent<R>},
    {.name = "serverLogging", .field = absent<R>},
    {.name = "scriptFilters", .field = absent<R>},
    {.name = "socketFilters", .field = absent<R>},
    {.name = "serverActiveFilters", .field = absent<R>},
    {.name = "userMaps", .field = absent<R>},
    {.name = "clusterSettings", .field = absent<R>},
    {.name = "dnr", .field = absent<R>},
    {.name = "processing", .field = absent<R>},
    {.name = "smtpIncoming", .field = absent<R>},
    {.name = "smtpOutgoing", .field = absent<R>},
    {.name = "pop3", .field = absent<R>},
    {.name = "imap", .field = absent<R>},
    {.name = "webmail", .field = absent<R>},
    {.name = "webadmin", .field = absent<R>},
    {.name = "cli", .field = absent<R>},
    {.name = "rpop", .field = absent<R>},
    {.name = "ftpBackup", .field = absent<R>},
    {.name = "reporting", .field = absent<R>},
    {.name = "pop3Proxy", .field = absent<R>},
    {.name = "imapProxy", .field = absent<R>},
    {.name = "webmailProxy", .field = absent<R>},
    {.name = "userDb", .field = absent<R>},
    {.name = "filters", .field = absent<R>},
};

}  // namespace

TableOf<LogProducerSettings> log_producer_table() {
    return {producer_rows, "logging", "Where a service's own log lines go."};
}
TableOf<ServiceSettings> service_table() {
    return {service_rows, "service", "What every service that takes connections has."};
}
TableOf<LogRule> log_rule_table() {
    return {log_rule_rows, "rule", "Which lines go where."};
}
TableOf<LogSettings> log_table() {
    return {log_rows, "log", "The log service."};
}
TableOf<DomainStorageParams> domain_storage_table() {
    return {domain_rows, "domain", "A domain and where its data lies."};
}
TableOf<ServerSettings> server_table() {
    return {server_rows, "Server", "The whole server."};
}

}  // namespace postrider::settings
