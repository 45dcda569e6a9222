#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mime/address.h"
#include "queue/envelope.h"

/// The commands that we send. All end in CRLF.
namespace postrider::relay {

/// xtext (RFC 3461 §4): what is not printable ASCII, "+" and "=" become +HH.
void append_xtext(std::string& out, std::string_view text);
/// utf-8-addr-unitext or utf-8-addr-xtext (RFC 6533 §3): as `out` of a session with SMTPUTF8, or \x{HHHH}.
void append_utf8_xtext(std::string& out, std::string_view text, bool smtputf8);

/// An address as it stands between angle brackets. Nothing when it needs SMTPUTF8 and that is not there: the
/// local part is not ASCII, or the domain is none that IDNA knows. RFC 6531 §3.
std::optional<std::string> path_text(const mime::AddrSpec& address, bool smtputf8);

struct MailParameters {
    std::optional<std::uint64_t> size;
    enum class Body : std::uint8_t { unsaid, eight_bit, binary } body = Body::unsaid;
    bool smtputf8 = false;
    bool require_tls = false;
    std::optional<int> priority;  ///< MT-PRIORITY, -9 to 9
    bool dsn = false;             ///< RET and ENVID may be said
    bool return_full = false;
    bool return_unsaid = true;
    std::string_view envid;  ///< decoded; "" = none
    std::string by;          ///< the value of BY= (RFC 2852); "" = none
    bool ask_delay = false;  ///< the next host does not know BY, so it is asked for DELAY (RFC 2852 §4.1.4.2)
};
void append_mail(std::string& out, std::string_view path, const MailParameters& parameters);

/// Reads dsn, smtputf8 and ask_delay of the transaction's parameters.
void append_rcpt(std::string& out, std::string_view path, const queue::Recipient& recipient,
                 const MailParameters& parameters);

}  // namespace postrider::relay
