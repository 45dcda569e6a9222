#pragma once

#include "relay/session/client.h"
#include "settings/common.h"

namespace postrider::relay {

/// What is asked of TLS on the way to a host.
enum class TlsPolicy : std::uint8_t {
    none,     ///< never
    may,      ///< where it is offered; what the domain has published (DANE, MTA-STS) asks for more
    encrypt,  ///< or not at all; whoever the other side is
    verify,   ///< or not at all; with a certificate of the host's name that an authority has signed
};

/// Where some mail goes, and how. Attributes bear the names of the policy language's onRelay variables.
struct Route {
    std::string name;
    std::vector<std::string> recipient_domains;  ///< empty: all. "*.example.org": all below it; "*": all
    std::vector<std::string> sender_domains;     ///< likewise; "<>" for the null reverse-path
    std::string host;                            ///< "": by MX
    std::uint16_t port = 25;
    bool ssl_enabled = false;
    bool allow_start_tls = true;
    TlsPolicy tls_policy = TlsPolicy::may;
    settings::Set<settings::TlsVersion> allowed_versions;
    std::string user, password;
    std::string local_ip;
    std::string cert_file;  ///< ours, for hosts that ask for one
};

/// The address from which mail of some domain leaves.
struct Source {
    std::string domain;  ///< of the sender; "*" for all others
    std::string local_ip, local_ip6;
    std::string helo;  ///< "": the server's name
};

struct OutgoingSettings {
    settings::LogProducerSettings log;
    unsigned max_threads = 20;
    unsigned min_threads = 1;
    bool ipv6 = false;
    std::vector<Route> routes;
    std::vector<Source> sources;
    std::uint16_t port = 25;
    TlsPolicy tls_policy = TlsPolicy::may;
    bool dane = true;
    bool mta_sts = true;
    std::uint16_t sts_port = 443;
    bool tls_reports = true;
    std::string tls_report_sender;
    std::string ca_file;
    unsigned max_connections = 500;
    unsigned max_connections_per_host = 20;
    unsigned max_messages_per_connection = 1000;
    unsigned max_recipients = 100;
    std::chrono::seconds idle_reuse{5};
    Patience patience;
    std::uint32_t message_memory = 131072;  ///< KB
};

settings::TableOf<OutgoingSettings> outgoing_table();

}  // namespace postrider::relay
