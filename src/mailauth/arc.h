#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mailauth/answers.h"
#include "mailauth/asking.h"
#include "mailauth/crypto.h"
#include "mailauth/dkim.h"

/// What earlier hosts say that they have seen: Authenticated Received Chain, RFC 8617.
namespace postrider::mailauth {

enum class ArcOutcome : std::uint8_t { none, pass, fail };
std::string_view word(ArcOutcome outcome);

struct ArcResult {
    ArcOutcome outcome = ArcOutcome::none;
    unsigned sets = 0;  ///< highest instance
    unsigned oldest_pass =
        0;                ///< §5.2 step 6: lowest instance whose message signature still verifies; 0 = all
    std::string sealer;   ///< d= of the newest seal
    std::string claims;   ///< ARC-Authentication-Results of the newest set, behind "i=N;"; of pass only
    std::string problem;  ///< of fail, for people; one line
    bool temporary = false;  ///< fail because the DNS did not answer
    friend bool operator==(const ArcResult&, const ArcResult&) = default;
};

/// Validates the chain of a message (§5.2). At most 50 sets (§4.2.1).
Needs<ArcResult> verify_arc(std::string_view message, const Crypto& crypto, const Answers& answers,
                            const DkimRules& rules = {});

struct ArcSealer {
    std::string domain, selector;
    std::shared_ptr<const PrivateKey> key;
    std::vector<std::string> fields;  ///< to be signed, in this order; empty: as sign_dkim() chooses
    bool fold = true;                 ///< false: b= in one piece, as the makers of the test suite had it
};

/// The three lines of the next set (§5.1), to be put before the message. "" when the chain is full, failed
/// before it came to us (§5.1 step 2 with cv=fail already sealed), or the key cannot sign.
/// @param chain  what verify_arc() has said of this message
/// @param results  payload of Authentication-Results: "mail.example.org; spf=pass ..."
std::string seal_arc(std::string_view message, const ArcResult& chain, std::string_view results,
                     const ArcSealer& sealer, Time now, const Crypto& crypto);

}  // namespace postrider::mailauth
