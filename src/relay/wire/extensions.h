#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::relay {

/// What a server has offered in its answer to EHLO (RFC 5321 §4.1.1.1).
struct Extensions {
    bool pipelining = false;          ///< RFC 2920
    bool eight_bit_mime = false;      ///< RFC 6152
    bool chunking = false;            ///< RFC 3030
    bool binary_mime = false;         ///< RFC 3030
    bool smtputf8 = false;            ///< RFC 6531
    bool dsn = false;                 ///< RFC 3461
    bool starttls = false;            ///< RFC 3207
    bool require_tls = false;         ///< RFC 8689
    bool mt_priority = false;         ///< RFC 6710
    bool size = false;                ///< RFC 1870
    std::uint64_t size_limit = 0;     ///< octets; 0: none is said
    bool deliver_by = false;          ///< RFC 2852
    std::int64_t deliver_by_min = 0;  ///< seconds
    std::size_t rcpt_max = 0;         ///< RFC 9422: recipients of one transaction; 0: not said
    std::size_t mail_max = 0;         ///< RFC 9422: transactions of one connection; 0: not said
    std::vector<std::string> auth;    ///< RFC 4954: mechanisms in capitals, at most 32
};

/// @param text  of the whole reply, its lines joined by LF; the first one names the server. What is not known
/// or malformed is passed over.
Extensions parse_extensions(std::string_view text);

}  // namespace postrider::relay
