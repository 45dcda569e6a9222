#pragma once

#include <memory>
#include <string>
#include <vector>

#include "delivery/outbound.h"
#include "relay/wire/command.h"
#include "relay/wire/extensions.h"

namespace postrider::relay {

/// A message's octets with what has to be known of them to choose how they go. Made once, on a worker.
struct Content {
    std::shared_ptr<const std::string> octets;
    bool eight_bit = false;    ///< some octet is above 127
    bool header_ascii = true;  ///< the message's own header
    bool binary = false;       ///< NUL, or CR and LF that are not CRLF: needs BINARYMIME or another encoding
    bool tls_not_needed = false;  ///< "TLS-Required: No" (RFC 8689 §5)

    /// @param may_be_binary  the message came by BODY=BINARYMIME: all others have been made clean on their
    /// way in
    static Content of(std::shared_ptr<const std::string> message, bool may_be_binary);
};

/// What one transaction says to one server: the message and its recipients, fit for what the server offers.
struct Draft {
    struct To {
        std::size_t recipient;  ///< index into the envelope's recipients
        std::string path;
    };
    std::string sender;
    std::vector<To> recipients;  ///< who can be named there
    std::shared_ptr<const std::string> octets;
    MailParameters parameters;
    bool chunked = false;               ///< BDAT, not DATA
    std::vector<delivery::Fate> fates;  ///< of those who cannot go this way
};

/// RFC 6152 §3, RFC 3030 §3, RFC 6531 §3.1, RFC 1870 §6: 8-bit and binary content becomes quoted-printable or
/// base64 where the server takes only 7 bits; what can go without SMTPUTF8 does; what cannot go fails for
/// good.
/// @param most_recipients  more stay untried, for a further transaction
/// @param sender  the reverse-path, which need not be the envelope's (SRS)
/// Copies the message when it has to be converted: on a worker if it is large.
Draft make_draft(const delivery::Consignment& consignment, const mime::AddrSpec& sender,
                 const Content& content, const Extensions& offers, std::size_t most_recipients, Time now);

}  // namespace postrider::relay
