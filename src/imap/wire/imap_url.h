#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "imap/wire/fetch.h"

namespace postrider::imap {

/// An IMAP URL that names a message or a part of one (RFC 5092 §6.1, RFC 4467 §3).
struct ImapUrl {
    bool relative = true;    ///< no server: a path
    std::string user, host;  ///< of an absolute one; decoded
    std::string mailbox;     ///< UTF-8; "" for a path that begins in the selected mailbox
    std::optional<std::uint32_t> uid_validity;
    std::uint32_t uid = 0;
    std::string section;  ///< "1.2.HEADER"; "" for the whole message
    std::optional<FetchSection::Partial> partial;

    std::size_t rump = 0;  ///< octets up to and with the access identifier; 0 when there is no URLAUTH
    std::string access;    ///< "submit+bob", "user+bob", "authuser", "anonymous"; decoded
    std::optional<Time> expires;
    std::string mechanism, token;  ///< "" in a rump
};

inline constexpr std::size_t max_url = 2000;  ///< octets

/// nullopt when it is no such URL.
std::optional<ImapUrl> parse_imap_url(std::string_view url);

}  // namespace postrider::imap
