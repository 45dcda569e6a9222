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
        pending,    ///< to be tried at its next attempt
        delivered,  ///< in a local folder
        expanded,   ///< replaced by the members of a group or forwarder
        failed,     ///< for good; reported to the sender where asked for
        held,       ///< waits for an administrator, or for a service that is not there
        sent,       ///< the next host has taken responsibility
    };
    /// Reports that the sender is still to get about this recipient.
    enum Owed : std::uint8_t { nothing = 0, failure = 1, delay = 2, success = 4 };

    mime::AddrSpec address;
    std::string original;  ///< ORCPT, xtext decoded ("rfc822;who@where"); ""
    std::uint8_t notify = Notify::unsaid;
    State state = State::pending;
    std::string status;       ///< enhanced code of the last attempt (RFC 3463): "4.2.2"
    std::string diagnostic;   ///< what happened, for people
    std::string remote_host;  ///< who said so; "" = we did
    /// Virtual queue that it waits in; "": not routed yet, or in a folder of ours.
    std::string destination;
    std::uint32_t attempts = 0;  ///< that have failed
    Time next_attempt{};         ///< while it is pending; full seconds
    Time last_attempt{};         ///< full seconds; zero: none yet
    /// Of the destination when it was scheduled: it has been released since when the destination's is higher.
    std::uint32_t epoch = 0;
    std::uint8_t owed = nothing;
    bool unfiltered = false;   ///< let out of quarantine: filters do not look at it again
    std::string forwarded_by;  ///< domain of the address of ours that has sent it on to here; "": nobody has

    bool wants(Notify::Bit what) const {
        return notify == Notify::unsaid ? what == Notify::failure : (notify & what) != 0;
    }
};

/// Status of recipients whose message a filter has quarantined: held until an administrator decides.
inline constexpr std::string_view quarantined_status = "4.7.1";
/// Of a Recipient, or of a view of one.
template <class Any>
bool quarantined(const Any& recipient) {
    return recipient.state == Recipient::State::held && recipient.status == quarantined_status;
}

/// RFC 2852: when a message has to be there, and what is done when it is not.
struct DeliverBy {
    enum class Mode : std::uint8_t {
        notify,     ///< BY=...;N: the sender is told, and it is tried on
        give_back,  ///< BY=...;R: the sender gets it back
        told,       ///< `notify`, and it is done
    };
    Time time{};  ///< full seconds
    Mode mode = Mode::notify;
    bool trace = false;  ///< BY=...;RT and NT: every relay says that it has sent it on
};

enum class BodyType : std::uint8_t { seven_bit, eight_bit, binary };  ///< RFC 6152, RFC 3030

struct Envelope {
    mime::AddrSpec reverse_path;  ///< null for reports
    std::vector<Recipient> recipients;
    std::string envid;            ///< RFC 3461 §4.4, xtext decoded
    bool return_full = false;     ///< RET=FULL: a failure report carries the whole message
    bool return_headers = false;  ///< RET=HDRS was said: never the whole message
    BodyType body = BodyType::seven_bit;
    bool smtputf8 = false;
    std::string authenticated;  ///< address of the account that logged in; ""
    std::string client;         ///< address of the peer, "192.0.2.1"
    std::string helo;
    Time arrival{};
    int priority = 0;          ///< MT-PRIORITY (RFC 6710), -9 to 9
    bool require_tls = false;  ///< REQUIRETLS (RFC 8689)
    std::optional<DeliverBy> deliver_by;
    /// FUTURERELEASE (RFC 4865): nothing is delivered before; full seconds. Zero: at once.
    Time release{};
    /// How the sender put it, for reports: "for;3600", "until;2026-11-20T10:00:00Z" (RFC 4865 updates RFC
    /// 3464).
    std::string release_asked;
};

void encode(std::string& out, const Envelope& envelope);
std::optional<Envelope> decode_envelope(std::string_view bytes);

/// What the container keeps beside a message's bytes, so that a crash between the flush and the key-value
/// batch loses nothing: the copies that were to be made at once, and the envelope of what goes to the queue.
struct Acceptance {
    Envelope envelope;  ///< with those recipients that something is left to do for; none: no queue entry
    std::vector<mailstore::Target> targets;
    /// Key of a record to be made in the same batch, without a queue entry: the copy of an entry's message
    /// that filters have changed is there. "" = none.
    std::string mark;

    std::string encode() const;
    static std::optional<Acceptance> decode(std::string_view bytes);
};

}  // namespace postrider::queue
