#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/auth.h"
#include "net/pools.h"
#include "net/stream.h"

/// Logging in as line protocols do it: SMTP's AUTH (RFC 4954), IMAP's AUTHENTICATE (RFC 9051 §6.2.2), POP3's
/// AUTH (RFC 5034). Each has its own words around the same exchange of base64 lines.
namespace postrider::auth {

/// From where `stream` comes; the log is for what happens meanwhile.
Context context_of(const net::Stream& stream, directory::Service service, std::string_view listener_domain,
                   observe::Logger log, observe::LogId session);

struct Exchange {
    enum class Fault {
        none,         ///< `outcome` says how it went
        unavailable,  ///< the mechanism cannot be used now
        not_base64,
        too_long,
        cancelled,  ///< the client sent "*"
    } fault = Fault::none;
    Outcome outcome;
};

/// One SASL exchange. A refusal is held back as long as Outcome::delay asks for.
/// @param initial  initial response as the client sent it: base64, or "=" for an empty one
/// @param prompt   what stands before each challenge: "334 ", "+ "
net::Task<Exchange> exchange(net::Stream& stream, net::WorkerPool& workers, Authenticator& authenticator,
                             Context context, Mechanism mechanism, std::optional<std::string> initial,
                             std::string_view prompt);

/// A name and password that were sent as they are. Held back likewise.
net::Task<Outcome> check_password(net::WorkerPool& workers, Authenticator& authenticator, Context context,
                                  std::string name, std::string password);

}  // namespace postrider::auth
