#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "observe/log_rule.h"
#include "settings/setting.h"

/// Settings that several services share. Names, ranges and defaults are the configuration file format's;
/// where a default differs, the table in common.cpp says so.
namespace postrider::settings {

/// How many connections are taken, in all and from one address. 0 means no limit (in rules only).
struct ConnectionLimits {
    unsigned max_connections = 200;
    unsigned max_interval_connections = 600;  ///< 0: unlimited
    std::chrono::seconds time_interval = 60s;
    unsigned peer_max_connections = 20;
    unsigned peer_max_interval_connections = 600;  ///< 0: unlimited
    std::chrono::seconds peer_time_interval = 60s;

    bool operator==(const ConnectionLimits&) const = default;
};

/// No limit at all: what a service's own access control has unless it is given.
constexpr ConnectionLimits unlimited_connections() {
    return {0, 0, 60s, 0, 0, 60s};
}

/// Connections from ip_set are taken, within these limits.
struct AllowRule {
    std::string ip_set;
    bool enable = false;
    unsigned priority = 500;  ///< 1 to 1000, 1 counts most
    ConnectionLimits limits;
};

/// Connections from ip_set are closed at once.
struct DenyRule {
    std::string ip_set;
    bool enable = false;
    unsigned priority = 500;
};

struct AccessRules {
    std::vector<AllowRule> allow;
    std::vector<DenyRule> deny;
};

enum class TlsVersion : std::uint8_t { tls1, tls1_1, tls1_2, tls1_3 };

/// A certificate for one host name, chosen by the client's SNI (RFC 6066 §3).
struct HostCertificate {
    std::string host_name;  ///< "mail.example.org" or "*.example.org"
    std::string cert_file;
};

struct SslControl {
    Set<TlsVersion> allowed_versions{TlsVersion::tls1_2, TlsVersion::tls1_3};
    std::string cert_file = "none";  ///< PEM with key and chain; without one every TLS attempt fails
    std::string ca_file = "none";
    std::string dh_param_file = "none";
    unsigned max_chain_depth = 4;
    std::string cipher_suite;  ///< OpenSSL cipher list; empty: OpenSSL's own default
    bool prefer_server_cipher_order = true;
    bool use_ephemeral_key = true;
    bool request_client_auth = false;
    std::vector<HostCertificate> certificates;
};

/// One TCP address on which a service listens.
struct ListenerSettings {
    std::string address;  ///< IP:port, [IPv6]:port; 0.0.0.0 or [::] for all; port 0: any free one
    bool enable = true;
    std::chrono::seconds idle_timeout = 300s;  ///< 0: never
    ConnectionLimits limits;
    AccessRules rules;
    bool ssl_enable = false;  ///< TLS from the first octet
    SslControl ssl;
    std::string domain;  ///< primary domain of who connects here; empty: the server's
    bool proxy_protocol = false;
    std::chrono::seconds proxy_protocol_timeout = 10s;
    std::vector<std::string> proxy_protocol_trusted;  ///< IP sets that may send the PROXY header
};

/// One UDP address (log, reporting).
struct UdpListenerSettings {
    std::string address;
    bool enable = true;
    AccessRules rules;
};

/// The service's own limits and rules, for connections that no rule of a listener matched.
struct AccessControl {
    ConnectionLimits limits = unlimited_connections();
    AccessRules rules;
};

/// logType, logLevel and logHost stand in every service and mean the same.
using LogProducerSettings = observe::ProducerOptions;

/// What every service that takes connections has, its listeners excepted (their defaults differ by service).
struct ServiceSettings {
    LogProducerSettings log;
    unsigned max_threads = 20;
    unsigned min_threads = 1;
    unsigned max_errors = 20;      ///< mistakes of one session before it is closed; 0: unlimited
    unsigned max_auth_errors = 5;  ///< failed log-ins of one session before it is closed; 0: unlimited
    AccessControl access;
};

struct LogSettings {
    LogProducerSettings log;  ///< of the log service's own lines
    std::vector<UdpListenerSettings> listeners{{"127.0.0.1:2000", false, {}}};
    std::string path = "log";
    std::vector<observe::LogRule> rules{observe::catch_all_rule()};
    bool security_log = false;
    bool deduplicate = true;
};

struct DomainStorageParams {
    std::string domain_name;
    std::string domain_location;  ///< domainStorageLocation
    std::string object_location;  ///< domainObjectStorageLocation
    std::vector<std::string> message_locations;
    bool enable = true;
    bool mail_acl_support = false;  ///< enableMACLSupport: read, not needed: sharing is always there
    unsigned activation_level = 100;
    bool activate_without_parent = false;
};

/// The services that this build can start.
enum class Service : std::uint8_t {
    processing,
    smtp_incoming,
    smtp_outgoing,
    pop3,
    imap,
    log,
    rpop,
    cli,
    manage_sieve
};

/// What stands directly in Server { }, the service objects excepted: src/app puts those beside it.
struct ServerSettings {
    Set<Service> services{Service::processing, Service::smtp_incoming, Service::smtp_outgoing,
                          Service::pop3,       Service::imap,          Service::log,
                          Service::rpop,       Service::cli,           Service::manage_sieve};
    std::string server_name;     ///< empty: the host's name
    std::string primary_domain;  ///< empty: the host's domain
    bool allow_alias_logins = true;
    bool enable_srs = false;
    std::string srs_secret_key;  ///< empty: one that is kept in run/secret.key
    std::chrono::seconds ssl_handshake_timeout = 10s;
    std::vector<DomainStorageParams> domains;
    LogSettings log;
};

TableOf<ConnectionLimits> limits_table();       ///< as a listener has them
TableOf<ConnectionLimits> rule_limits_table();  ///< as a rule has them: 0 is "no limit"
TableOf<AllowRule> allow_rule_table();
TableOf<DenyRule> deny_rule_table();
TableOf<AccessRules> access_rules_table();
TableOf<HostCertificate> certificate_table();
TableOf<SslControl> ssl_table();
TableOf<ListenerSettings> listener_table();
TableOf<UdpListenerSettings> udp_listener_table();
TableOf<AccessControl> access_control_table();
TableOf<LogProducerSettings> log_producer_table();
TableOf<ServiceSettings> service_table();  ///< for inlined<&XSettings::service, service_table>
TableOf<observe::LogRule> log_rule_table();
TableOf<LogSettings> log_table();
TableOf<DomainStorageParams> domain_storage_table();
/// Holds the names of all sections of the format; those that src/app adds a row for are then in this build.
TableOf<ServerSettings> server_table();

}  // namespace postrider::settings
