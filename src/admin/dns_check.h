#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "dns/resolver.h"

/// What a domain of ours should have in the DNS so that its mail arrives, here and elsewhere, and what it
/// has.
namespace postrider::admin {

/// Who this server is, seen from outside.
struct Identity {
    struct Port {
        std::string service;  ///< "_imaps" (RFC 6186, RFC 8314)
        std::uint16_t port = 0;
    };
    struct FetchedPolicy {
        std::string problem;  ///< "" = there is one
        std::string mode;
        std::vector<std::string> mx;
    };
    std::string host;
    std::vector<std::string> addresses;    ///< of this machine, loopback too
    std::vector<Port> services;            ///< that clients look for
    std::vector<std::string> key_digests;  ///< SHA-256 of the public keys that SMTP shows, hex
    /// The domain's MTA-STS policy, fetched now; blocks. Empty: it is not looked at.
    std::function<FetchedPolicy(const std::string& domain)> sts_policy;
};

struct RecordCheck {
    enum class Status : std::uint8_t {
        ok,
        missing,
        differs,
        multiple,  ///< where only one may be
        unknown,   ///< the DNS, or something that it points to, did not answer; or we cannot tell
    };
    std::string what;     ///< "SPF"
    std::string publish;  ///< the line of a zone file; "" where there is nothing exact to say
    std::vector<std::string> found;
    Status status = Status::unknown;
    std::string note;
};

std::string_view word(RecordCheck::Status status);

/// @param domain  in lower case, A-labels. Blocks on the DNS.
std::vector<RecordCheck> check_domain(dns::Resolver& resolver, const Identity& us, const std::string& domain,
                                      Time now);

/// Whether an SPF record (RFC 7208) lets us send, as far as the record alone says.
RecordCheck::Status spf_lets_us(std::string_view record, const Identity& us, const std::string& domain,
                                std::string& note);

}  // namespace postrider::admin
