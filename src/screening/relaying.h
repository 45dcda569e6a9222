#pragma once

#include <memory>
#include <optional>
#include <string>

#include "mime/address.h"
#include "policy/machine.h"

namespace postrider::screening {

/// How a message is to leave, when the policy wants it otherwise than usual (onRelay).
struct RelayWishes {
    std::string host;  ///< "" = by MX
    std::uint16_t port = 25;
    bool ssl = false, start_tls = true;
    bool tls1_2 = true, tls1_3 = true;
    std::string user, password;
    std::string local_ip;
    friend bool operator==(const RelayWishes&, const RelayWishes&) = default;
};

/// Runs onRelay. @param recipient  with an empty local part where only the domain counts
std::optional<RelayWishes> relay_wishes(const std::shared_ptr<const policy::Program>& policy,
                                        const mime::AddrSpec& sender, const mime::AddrSpec& recipient);

}  // namespace postrider::screening
