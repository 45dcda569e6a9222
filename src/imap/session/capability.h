#pragma once

#include <string>

#include "auth/mechanism.h"
#include "imap/settings.h"

namespace postrider::imap {

/// What decides which capabilities a client sees (RFC 9051 §6.1.1).
struct CapabilityState {
    bool authenticated = false;
    bool start_tls = false;  ///< STARTTLS can be had now
    bool login = false;      ///< LOGIN may be used now
    bool id = true;
    bool sets_quotas = false;         ///< RFC 9208 §4.1.3
    bool compressed = false;          ///< RFC 4978
    std::string sieve_url{};          ///< RFC 6785 §4.2; "": no scripts are run
    std::uint64_t append_limit = 0;   ///< octets (RFC 7889)
    std::uint32_t message_limit = 0;  ///< messages (RFC 9738); 0: none
    auth::Mechanisms mechanisms{};    ///< that may be used now
};

/// "IMAP4rev1 IMAP4rev2 ...", without the word CAPABILITY. Only what is complete.
std::string capabilities(const CapabilityState& state);

/// The largest message that APPEND takes, in octets (RFC 7889 §2).
std::uint64_t append_limit(const ImapSettings& settings);

}  // namespace postrider::imap
