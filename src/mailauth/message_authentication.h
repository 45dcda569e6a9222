#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/answers.h"
#include "mailauth/arc.h"
#include "mailauth/bimi.h"
#include "mailauth/dkim.h"
#include "mailauth/dmarc.h"
#include "mailauth/domainkeys.h"
#include "mailauth/iprev.h"
#include "mailauth/spf.h"

/// All checks of one message at once, for who receives it.
///
///     Answers answers;
///     for (;;) {
///         auto step = check_message(input, crypto, answers);
///         if (auto* done = std::get_if<MessageAuthentication>(&step)) ...
///         for (const Question& question : std::get<Questions>(step)) answers.add(question, ask the DNS);
///     }
namespace postrider::mailauth {

struct Checks {
    bool spf = true, dkim = true, dmarc = true, arc = true, iprev = true;
    bool domainkeys = false, bimi = false;
};

struct MessageInput {
    std::string client;        ///< address of the host it came from, IPv4 or IPv6 text
    std::string helo;          ///< what that host calls itself
    std::string reverse_path;  ///< "local@domain"; "" = null
    std::string_view message;  ///< header and body, CRLF line ends; before anything of ours is put in front
    std::string host;          ///< our host name: authserv-id of the results (RFC 8601 §2.5)
    Time now{};
    Checks checks;
    DkimRules rules;
    Discovery discovery = Discovery::tree_walk;
    unsigned sample = 0;           ///< 0-99, for pct= of DMARC
    std::optional<SpfResult> spf;  ///< when it has been checked already, at MAIL FROM
};

struct MessageAuthentication {
    Checks checks;  ///< what was asked for; the others are as they begin
    SpfResult spf;
    std::vector<DkimVerdict> dkim;
    DomainKeyVerdict domainkey;
    DmarcResult dmarc;
    ArcResult arc;
    IprevResult iprev;
    BimiResult bimi;
    std::string client, helo, reverse_path, host;  ///< as they were given
};

/// The questions of all checks come together, in as few rounds as the protocols allow; the body is hashed
/// once, in the last round. It is done after at most 40 rounds, mostly two or three (SPF's includes).
Needs<MessageAuthentication> check_message(const MessageInput& input, const Crypto& crypto,
                                           const Answers& answers);

/// One word for all signatures: pass if any passes, else the worst that can be told: temperror, fail, ...
DkimOutcome dkim_outcome(const std::vector<DkimVerdict>& verdicts);

/// Header lines with CRLF, to be put before the message: Authentication-Results, Received-SPF,
/// X-AXIGEN-SPF-Result, X-AXIGEN-DK-Result, DomainKey-Status, X-AXIGEN-DKIM-Result, DKIM-Status; those whose
/// check was asked for, in this order.
std::string headers(const MessageAuthentication& result);

/// What follows "Authentication-Results: ", unfolded: "mail.example.org; spf=pass ..."; seal_arc() takes it.
std::string results_text(const MessageAuthentication& result);

/// Whole fields of a header that only we may write, and somebody else has: Authentication-Results with our
/// name (RFC 8601 §5), X-AXIGEN-SPF-Result, X-AXIGEN-DK-Result, DomainKey-Status, X-AXIGEN-DKIM-Result,
/// DKIM-Status. To be taken out after the checks, since a signature may cover them. Views into `message`.
std::vector<std::string_view> forged_fields(std::string_view message, std::string_view host);
/// The message without them; as it is if there are none.
std::string without_forged_fields(std::string message, std::string_view host);

}  // namespace postrider::mailauth
