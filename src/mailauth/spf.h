#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "mailauth/answers.h"
#include "mailauth/asking.h"

/// May this host send for this domain? Sender Policy Framework, RFC 7208.
namespace postrider::mailauth {

enum class SpfOutcome : std::uint8_t { none, neutral, pass, fail, softfail, temperror, permerror };
std::string_view word(SpfOutcome outcome);  ///< "none", "neutral", ... (§2.6)

struct SpfRequest {
    std::string client;  ///< the host's address, IPv4 or IPv6 text
    std::string helo;    ///< what it calls itself; may be anything
    std::string sender;  ///< reverse path, "local@domain"; "" (null): postmaster at `helo` is checked (§2.4)
    std::string host;    ///< who asks: our host name, for %{r} and the header
    Time now{};          ///< for %{t}
};

struct SpfResult {
    enum class Identity : std::uint8_t { mail_from, helo };

    SpfOutcome outcome = SpfOutcome::none;
    Identity identity = Identity::mail_from;
    std::string domain;       ///< checked, lower case; DMARC takes it for alignment
    std::string mechanism;    ///< that decided, as published: "ip4:192.0.2.0/24", "-all"; "default" for none
    std::string explanation;  ///< of fail: what the domain has to say (§6.2), printable US-ASCII; "" without
    std::string problem;      ///< of temperror and permerror, for people; one line
    std::string record;       ///< of the domain, as published, at most 450 octets; "" without
    friend bool operator==(const SpfResult&, const SpfResult&) = default;
};

/// check_host() (§4). Limits: ten terms that ask the DNS, two of them for nothing (§4.6.4), ten names of an
/// MX or PTR.
Needs<SpfResult> check_spf(const SpfRequest& request, const Answers& answers);
/// The same among other checks.
SpfResult check_spf(const SpfRequest& request, Asking& dns);

/// What a rejected sender is told: its domain's explanation, or ours.
std::string spf_explanation(const SpfResult& result, const SpfRequest& request);

/// "Received-SPF: pass (...) client-ip=...;" (§9.1), folded, with CRLF.
std::string received_spf(const SpfResult& result, const SpfRequest& request);

}  // namespace postrider::mailauth
