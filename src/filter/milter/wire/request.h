#pragma once

#include "filter/milter/wire/options.h"

/// What the mail server says: written here, and read as a filter reads it, for tests.
namespace postrider::filter::milter {

/// Who has connected.
struct Client {
    std::string name;  ///< its checked host name, or "[address]"
    std::string ip;    ///< "" = nothing is known (a local submission)
    std::uint16_t port = 0;
};

using Macros = std::vector<std::pair<std::string, std::string>>;

void put_connect(std::string& out, const Client& client);
/// Nothing is written when there are none.
void put_macros(std::string& out, Command before, const Macros& macros);
void put_helo(std::string& out, std::string_view name);
/// MAIL and RCPT: the path with its brackets, and the ESMTP parameters.
void put_path(std::string& out, Command command, std::string_view path,
              const std::vector<std::string>& parameters);
/// @param value  as in the message behind the colon, its line ends included. Folds become LF, the blank
/// behind the
///               colon goes unless `leading_space` was agreed.
void put_header(std::string& out, std::string_view name, std::string_view value, std::uint32_t steps);
void put_body(std::string& out, std::string_view piece);
/// DATA, EOH, the end of the body, ABORT, QUIT, QUIT_NC.
void put_plain(std::string& out, Command command);
void put_unknown(std::string& out, std::string_view line);

/// A request, read back.
struct Request {
    Command command = Command::abort;
    Options options;                      ///< of options
    Client client;                        ///< of connect
    Command before = Command::abort;      ///< of macro
    Macros macros;                        ///< of macro
    std::string name, value;              ///< of header; name: helo, unknown, the path of mail and rcpt
    std::vector<std::string> parameters;  ///< of mail and rcpt
    std::string_view body;                ///< points into the packet
};
/// Nothing when it is no request of the protocol.
std::optional<Request> parse_request(const Packet& packet);

}  // namespace postrider::filter::milter
