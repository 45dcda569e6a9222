#pragma once

#include <optional>
#include <string>

#include "dns/resolver.h"
#include "net/tls.h"
#include "relay/destination.h"
#include "relay/session/client.h"
#include "relay/settings.h"
#include "relay/tls_policy.h"

/// How safe the way to a host must be: the administrator's word, DANE (RFC 7672), MTA-STS (RFC 8461),
/// REQUIRETLS (RFC 8689).
namespace postrider::relay {

struct Security {
    TlsPolicy level = TlsPolicy::may;  ///< with DANE: encrypt, and `expected` says who
    net::TlsPeer expected;
    bool verified = false;  ///< a handshake that succeeds has shown who the host is
    TlsAttempt attempt;     ///< what a report says of it, the outcome left open
    /// The host must not be used; the reason. It is always worth another try.
    std::optional<Trouble> unusable;

    /// Connections of the same key may carry each other's mail.
    std::string key() const;
};

/// What is asked for a whole domain before any of its hosts is looked at.
struct DomainSecurity {
    TlsPolicy policy = TlsPolicy::may;
    bool dane = true;
    std::string domain;
    StsPolicy sts;
    bool mx_secure = false;
    bool smart_host = false;
    std::uint16_t port = 25;
};

/// What the message itself asks for.
enum class Wish : std::uint8_t {
    nothing,
    require_tls,     ///< REQUIRETLS (RFC 8689 §4)
    deliver_anyhow,  ///< "TLS-Required: No" (§5): policies do not hold it up
};

/// Asks for TLSA records where they would count.
net::Task<Security> security_of(dns::Resolver& resolver, const DomainSecurity& domain, const Host& host,
                                Wish wish);

/// RFC 8461 §4.1: whether a host's name is one that the policy lists.
bool sts_allows(const StsPolicy& policy, std::string_view host);

/// The word of RFC 8460 §4.3 for a handshake that failed; "" for success.
std::string_view tls_result(const Security& security, net::CertificateProblem problem);

}  // namespace postrider::relay
