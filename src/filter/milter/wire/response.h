#pragma once

#include "filter/milter/wire/options.h"

/// What a filter says: read here, and written as a filter writes it, for tests.
namespace postrider::filter::milter {

struct Response {
    Answer answer = Answer::go_on;
    std::string name;   ///< of a field; a path with or without brackets
    std::string value;  ///< of a field; the parameters of a path; the reason of a quarantine; the whole reply
                        ///< of reply_code: "550 5.7.1 No"
    std::uint32_t index = 0;  ///< of insert_header (from 0) and change_header (from 1)
    std::string_view body;    ///< of replace_body; points into the packet
    Options options;          ///< of options

    /// It changes the message and is followed by others; else it ends the turn (but for progress).
    bool changes() const;
    /// The bit of Actions without which it must not come; 0 = none.
    std::uint32_t needs() const;
};

/// Nothing when it is no answer of the protocol.
std::optional<Response> parse_response(const Packet& packet);
std::string pack_response(const Response& response);

/// A reply for SMTP as a filter has given it: "4xx" or "5xx", then an enhanced code of the same class, if
/// any, and text without controls. Several lines come as "550-5.7.1 a\r\n550 5.7.1 b".
struct ReplyCode {
    int code = 550;
    std::string status;              ///< "5.7.1"; "" = it has named none
    std::vector<std::string> lines;  ///< at most 32
};
std::optional<ReplyCode> parse_reply_code(std::string_view text);

}  // namespace postrider::filter::milter
