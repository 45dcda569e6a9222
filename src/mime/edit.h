#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "mime/address.h"
#include "mime/date.h"

/// Header lines that a server adds. All end in CRLF, fold before column 78 where they can, and take nothing
/// from outside unchecked: CR, LF, NUL and other controls are dropped, parentheses in comments escaped.
namespace postrider::mime {

/// One step of a message's way, for its Received line (RFC 5321 §4.4).
struct Trace {
    std::string helo;          ///< what the client called itself; may be anything
    std::string reverse_name;  ///< of the client's address, checked; "" when there is none
    std::string client;        ///< its IP address, IPv4 or IPv6 text; "" for a local submission
    std::string by;            ///< our host name
    std::string with;          ///< "ESMTPSA", "LMTP", ... (RFC 3848, RFC 6531 §4.3)
    std::string id;            ///< the queue id
    std::string tls;  ///< "TLSv1.3 cipher TLS_AES_256_GCM_SHA384 (256/256 bits)", a comment; "" without
    std::optional<int> priority;  ///< "PRIORITY" (RFC 6710 §4.1)
    std::string recipient;  ///< "for", only when there is exactly one recipient (§7.2); "" to leave out
    DateTime when;
};
std::string received_line(const Trace& trace);

/// "Return-Path: <a@b>", "<>" for the null path (RFC 5321 §4.4).
std::string return_path_line(const AddrSpec& reverse_path);

/// "Message-ID: <unique@domain>"; `unique` is anything that will not come again, letters, digits and dots.
std::string message_id_line(std::string_view unique, std::string_view domain);

std::string date_line(DateTime when);

/// "name: value" with folds between words where the line would pass 78 octets. `value` is UTF-8 and becomes
/// encoded words where RFC 5322 asks for them; no value can make a second field.
std::string header_line(std::string_view name, std::string_view utf8_value);

/// What a message that someone submits to us may lack.
struct Repair {
    DateTime now;
    std::string unique;  ///< for Message-ID, as message_id_line() wants it
    std::string domain;  ///< its right half: our host name
    AddrSpec sender;     ///< for From: the envelope's sender; null: From is not added
};

/// The lines to put before the message's own: Date and Message-ID where the header lacks them or their fields
/// are empty (RFC 6409 §8.2, §8.3), From when there is no such field. Only for submission: mail from
/// elsewhere goes on as it is (RFC 5321 §6.4). When the text has no header at all (its first line is no
/// field), an empty line follows, so that all of the text becomes the body. `message` is never rewritten.
std::string repair(std::string_view message, const Repair& with);

}  // namespace postrider::mime
