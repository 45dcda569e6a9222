#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mailstore/mailstore.h"
#include "mime/address.h"

/// What SMTP says about a message beside its bytes (RFC 5321 §2.3.1), and what has become of each recipient.
namespace postrider::queue {

/// RFC 3461 §4.1. `unsaid` means as if FAILURE (and DELAY, at our choice) had been asked for.
struct Notify {
    enum Bit : std::uint8_t { unsaid = 0, never = 1, success = 2, failure = 4, delay = 8 };
};

struct Recipient {
    enum class State : std::uint8_t {
        pending,    ///< to be tried at the entry's next attempt
        delivered,  ///< in a local folder
        expanded,   ///< replaced by the members of a group or forwarder
        failed,     ///< for good; reported to the sender where asked for
        held,       ///< waits for an administrator, or for a service that is not there
    };
    mime::AddrSpec address;
    std::string original;  ///< ORCPT, xtext decoded ("rfc822;who@where"); ""
    std::uint8_t notify = Notify::unsaid;
    State state = State::pending;
    std::string status;      ///< enhanced code of the last attempt (RFC 3463): "4.2.2"
    std::string diagnostic;  ///< what happened, for people

    bool wants(Notify::Bit what) const {
        return notify == Notify::unsaid ? what == Notify::failure : (notify & what) != 0;
    }
};

enum class BodyType : std::uint8_t { seven_bit, eight_bit, binary };  ///< RFC 6152, RFC 3030

struct Envelope {
    mime::AddrSpec reverse_path;  ///< null for reports
    std::vector<Recipient> recipients;
    std::string envid;         ///< RFC 3461 §4.4, xtext decoded
    bool return_full = false;  ///< RET=FULL: a failure report carries the whole message
    BodyType body = BodyType::seven_bit;
    bool smtputf8 = false;
    std::string authenticated;  ///< address of the account that logged in; ""
    std::string client;         ///< address of the peer, "192.0.2.1"
    std::string helo;
    Time arrival{};
};

void encode(std::string& out, const Envelope& envelope);
std::optional<Envelope> decode_envelope(std::string_view bytes);

/// What the container keeps beside a message's bytes, so that a crash between the flush and the key-value
/// batch loses nothing: the copies that were to be made at once, and the envelope of what goes to the queue.
struct Acceptance {
    Envelope envelope;  ///< with only pending and held recipients; none: no queue entry
    std::vector<mailstore::Target> targets;

    std::string encode() const;
    static std::optional<Acceptance> decode(std::string_view bytes);
};

}  // namespace postrider::queue
