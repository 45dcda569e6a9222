#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mailauth/answers.h"
#include "mailauth/asking.h"
#include "mailauth/crypto.h"
#include "mailauth/dkim.h"

/// DomainKeys (RFC 4870), which DKIM has replaced: off unless asked for.
namespace postrider::mailauth {

/// The words of RFC 4870 §3.7; a domain's policy record, which would tell a non-participant, is not asked
/// for.
enum class DomainKeyStatus : std::uint8_t {
    good,
    bad,
    no_key,
    revoked,
    no_signature,
    bad_format,
    temporary,  ///< not of the RFC: the DNS did not answer
};
std::string_view word(DomainKeyStatus status);

struct DomainKeyVerdict {
    DomainKeyStatus status = DomainKeyStatus::no_signature;
    std::string domain, selector;
    bool testing = false;  ///< t=y of the key
    friend bool operator==(const DomainKeyVerdict&, const DomainKeyVerdict&) = default;
};

/// The first signature of the header; others are not looked at.
Needs<DomainKeyVerdict> verify_domainkey(std::string_view message, const Crypto& crypto,
                                         const Answers& answers, const DkimRules& rules = {});

/// "DomainKey-Signature: ..." with rsa-sha1 and nofws, folded, with CRLF. "" if the message has neither
/// Sender nor From of this domain, or the key cannot sign.
std::string sign_domainkey(std::string_view message, std::string_view domain, std::string_view selector,
                           const PrivateKey& key, const Crypto& crypto);

}  // namespace postrider::mailauth
