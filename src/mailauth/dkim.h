#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mailauth/answers.h"
#include "mailauth/asking.h"
#include "mailauth/crypto.h"

/// Who takes responsibility for this message? DomainKeys Identified Mail: RFC 6376, 8301, 8463.
namespace postrider::mailauth {

/// RFC 8601 §2.7.1; `none` is said of a message without signatures.
enum class DkimOutcome : std::uint8_t { none, pass, fail, policy, neutral, temperror, permerror };
std::string_view word(DkimOutcome outcome);

struct DkimRules {
    std::size_t max_signatures = 10;  ///< that are looked at, from the top of the header
    unsigned min_rsa_bits = 1024;     ///< RFC 8301 §3.2
    /// As verifiers were in 2007: rsa-sha1, no v= or one of the drafts'. Only for tests with old messages.
    bool historic = false;
};

/// What became of one signature. Nothing but `outcome` is to be trusted unless that is pass.
struct DkimVerdict {
    DkimOutcome outcome = DkimOutcome::none;
    std::string domain;           ///< d=, lower case
    std::string selector;         ///< s=
    std::string identity;         ///< i=, "@domain" if absent
    std::string algorithm;        ///< a=, lower case
    std::string signature_begin;  ///< first 8 characters of b= (RFC 6008)
    std::string problem;          ///< why it is not pass, for people; one line
    unsigned key_bits = 0;        ///< 0 = no key
    bool testing = false;         ///< t=y of the key (§3.6.1)
    bool partial = false;         ///< l= leaves out something of the body: what follows is anybody's
    std::vector<std::string> signed_fields;  ///< h=, lower case
    friend bool operator==(const DkimVerdict&, const DkimVerdict&) = default;
};

/// All signatures of a message, in the order of its header. Empty: there are none.
/// @param message  header and body with CRLF line ends
Needs<std::vector<DkimVerdict>> verify_dkim(std::string_view message, Time now, const Crypto& crypto,
                                            const Answers& answers, const DkimRules& rules = {});

enum class Canon : std::uint8_t { simple, relaxed };

/// How to sign; several of these make several signatures in one pass over the body.
struct DkimSigner {
    std::string domain;    ///< A-labels
    std::string selector;  ///< A-labels
    std::shared_ptr<const PrivateKey> key;
    std::string identity;  ///< i=, "" to leave it out
    Canon header = Canon::relaxed, body = Canon::relaxed;
    std::chrono::seconds valid_for{0};  ///< x=, 0 to leave it out
};

/// DKIM-Signature lines, one per signer, folded, with CRLF, to be put before the message. Signed are the
/// fields of §5.4.1 that are there, and one more of those that must not be added later (From, To, Cc,
/// Subject, Date, Reply-To, Message-ID, Content-Type, ...: §8.15). Never l=. "" if the message has no From
/// (§5.4), or a key cannot sign.
std::string sign_dkim(std::string_view message, const std::vector<DkimSigner>& signers, Time now,
                      const Crypto& crypto);

}  // namespace postrider::mailauth
