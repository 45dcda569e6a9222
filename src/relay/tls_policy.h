#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "net/task.h"

/// What a domain has published about TLS on the way to it, and what we tell it about how that went.
namespace postrider::relay {

/// RFC 8461 §3.2. From the cache or the well-known URL.
struct StsPolicy {
    enum class Mode : std::uint8_t { none, testing, enforce };  ///< none: also when there is no policy
    Mode mode = Mode::none;
    std::string id;
    std::vector<std::string> mx;  ///< patterns: "mail.example.org", "*.example.net"
    std::chrono::seconds max_age{0};
    std::string text;  ///< the lines of the policy, for reports
};

class StsPolicies {
public:
    virtual ~StsPolicies() = default;
    /// @param domain  in lower case, A-labels. Never throws; a policy that cannot be fetched is the cached
    /// one, or none (RFC 8461 §5.1).
    virtual net::Task<StsPolicy> policy(std::string domain) = 0;
};

/// One attempt at TLS with one host, for the report of the day (RFC 8460 §4).
struct TlsAttempt {
    enum class Policy : std::uint8_t { none, sts, dane };
    std::string domain;
    Policy policy = Policy::none;
    std::vector<std::string> policy_text;  ///< lines of the STS policy, or TLSA records as text
    std::vector<std::string> mx_patterns;  ///< of the STS policy
    std::string result;  ///< "" = success, else a word of RFC 8460 §4.3 ("certificate-expired")
    std::string mx_host, sending_ip, receiving_ip, helo, reason;
};

class TlsAttempts {
public:
    virtual ~TlsAttempts() = default;
    virtual void note(const TlsAttempt& attempt) = 0;  ///< cheap, any thread
};

}  // namespace postrider::relay
