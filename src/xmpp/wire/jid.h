#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::xmpp {

/// An address: localpart@domainpart/resourcepart (RFC 7622 §3). Domains are lower case, A-labels are kept.
struct Jid {
    std::string local;     ///< "" = a server's own
    std::string domain;    ///< never empty
    std::string resource;  ///< "" = bare

    std::string bare() const { return local.empty() ? domain : local + '@' + domain; }
    std::string text() const { return resource.empty() ? bare() : bare() + '/' + resource; }
    friend bool operator==(const Jid&, const Jid&) = default;
};

/// nullopt where it is none: a part is empty or longer than 1023 octets, not UTF-8, or holds what may not be
/// there (§3.3.1, control characters, blanks). Profiles of PRECIS are the server's business.
std::optional<Jid> parse_jid(std::string_view text);

}  // namespace postrider::xmpp
