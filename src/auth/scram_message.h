#pragma once

#include <optional>
#include <string>
#include <string_view>

/// What a SCRAM client says. RFC 5802 §7. Pure; views point into the message.
namespace postrider::auth {

/// gs2-header = ("n" / "y" / "p=" cb-name) "," ["a=" saslname] ","
/// client-first-message = gs2-header "n=" saslname ",r=" nonce ["," extensions]
struct ScramFirst {
    std::string_view header;   ///< the gs2-header as it stands
    std::string_view binding;  ///< cb-name; "" without one
    std::string authzid, user;
    std::string_view bare;  ///< what is behind the header
    std::string_view nonce;
};
std::optional<ScramFirst> parse_scram_first(std::string_view message);

/// client-final-message = "c=" base64 ",r=" nonce ["," extensions] ",p=" base64
struct ScramFinal {
    std::string binding;  ///< gs2-header and channel binding data, decoded
    std::string_view nonce;
    std::string_view without_proof;
    std::string proof;  ///< decoded
};
std::optional<ScramFinal> parse_scram_final(std::string_view message);

}  // namespace postrider::auth
