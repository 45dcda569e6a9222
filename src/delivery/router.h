#pragma once

#include <optional>
#include <string>
#include <vector>

#include "directory/directory.h"
#include "mailstore/mailstore.h"

namespace postrider::delivery {

/// Why an address takes no mail, as SMTP says it.
struct Refusal {
    bool temporary = false;
    std::string status;  ///< enhanced code, RFC 3463
    std::string text;
};

/// What an address means at this moment.
struct Destination {
    std::vector<mailstore::Target> targets;   ///< copies in local folders; without prefixes
    std::vector<mime::AddrSpec> elsewhere;    ///< addresses of other hosts
    bool expanded = false;                    ///< a group or forwarder: `targets` and `elsewhere` are its members'
    std::optional<Refusal> refusal;           ///< then both are empty
};

/// Turns addresses into folders. May read the disk.
class Router {
public:
    /// Both must live longer.
    Router(const directory::Directory& directory, mailstore::MailStore& store) : directory_{directory}, store_{store} {}

    /// @param size  of the message where it is known (SIZE=), octets; counts against quotas
    Destination resolve(const mime::AddrSpec& address, std::uint64_t size = 0) const;
    bool is_local_domain(const std::string& domain) const { return directory_.is_local_domain(domain); }

private:
    Destination one_step(const directory::Route& route, const mime::AddrSpec& address, std::uint64_t size) const;
    std::optional<Refusal> quota_refusal(AccountId account, std::uint64_t size) const;

    const directory::Directory& directory_;
    mailstore::MailStore& store_;
};

}  // namespace postrider::delivery
