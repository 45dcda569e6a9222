#pragma once

#include <string>

#include "auth/mechanism.h"

namespace postrider::imap {

/// What decides which capabilities a client sees (RFC 9051 §6.1.1).
struct CapabilityState {
    bool authenticated = false;
    bool start_tls = false;  ///< STARTTLS can be had now
    bool login = false;      ///< LOGIN may be used now
    bool id = true;
    auth::Mechanisms mechanisms{};  ///< that may be used now
};

/// "IMAP4rev1 IMAP4rev2 ...", without the word CAPABILITY. Only what is complete.
std::string capabilities(const CapabilityState& state);

}  // namespace postrider::imap
