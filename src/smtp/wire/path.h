#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mime/address.h"

/// The arguments of MAIL and RCPT.
namespace postrider::smtp {

/// One `KEYWORD[=value]` of a MAIL or RCPT command; views into the line.
struct Parameter {
    std::string_view keyword;
    std::string_view value;  ///< "" when there is none
    bool has_value = false;
};

struct PathArguments {
    mime::AddrSpec address;  ///< null for "<>"
    std::vector<Parameter> parameters;
};

enum class PathError {
    syntax,    ///< 501 5.5.4
    address,   ///< the path is not an address: 501 5.1.7 for MAIL, 5.1.3 for RCPT
    too_many,  ///< more than max_parameters
};

inline constexpr std::size_t max_parameters = 20;

struct ParsedPath {
    std::optional<PathArguments> arguments;
    PathError error = PathError::syntax;
};

/// What follows "MAIL " or "RCPT ":
///     ("FROM:" / "TO:") "<" [ A-d-l ":" ] [ Mailbox ] ">" *( SP esmtp-param )      RFC 5321 §4.1.2
/// `keyword` is "FROM" or "TO". A source route is skipped (RFC 5321 §4.1.1.3); white space behind the colon
/// is endured. `<postmaster>` without a domain is given as local part alone (RFC 5321 §4.1.1.3).
ParsedPath parse_path_arguments(std::string_view text, std::string_view keyword);

/// xtext (RFC 3461 §4) as its octets; nullopt when it is malformed. With `utf8_address`, also the
/// \x{HHHH} forms of RFC 6533 §3 (utf-8-addr-xtext).
std::optional<std::string> decode_xtext(std::string_view text, bool utf8_address = false);

}  // namespace postrider::smtp
