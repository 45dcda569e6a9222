#pragma once

#include <atomic>
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
    std::vector<mailstore::Target> targets;  ///< copies in local folders; without prefixes
    std::vector<mime::AddrSpec> elsewhere;   ///< addresses of other hosts
    bool expanded = false;           ///< a group or forwarder: `targets` and `elsewhere` are its members'
    std::optional<Refusal> refusal;  ///< then both are empty
    std::uint16_t location = 0;      ///< storage location of the first target's domain
};

/// Storage locations that a domain uses in parallel: what goes to the first of a set is spread over all of
/// it. Filled before the server starts.
class LocationSets {
public:
    void add(std::vector<std::uint16_t> numbers) { sets_.push_back(std::move(numbers)); }
    std::uint16_t pick(std::uint16_t location) const;

private:
    std::vector<std::vector<std::uint16_t>> sets_;
    mutable std::atomic<std::uint32_t> next_{0};
};

/// Turns addresses into folders. May read the disk.
class Router {
public:
    /// All must live longer; without `locations` each domain has one.
    Router(const directory::Directory& directory, mailstore::MailStore& store,
           const LocationSets* locations = nullptr)
        : directory_{directory}, store_{store}, locations_{locations} {}

    /// @param size  of the message where it is known (SIZE=), octets; counts against quotas
    Destination resolve(const mime::AddrSpec& address, std::uint64_t size = 0) const;
    bool is_local_domain(const std::string& domain) const { return directory_.is_local_domain(domain); }

private:
    Destination one_step(const directory::Route& route, const mime::AddrSpec& address,
                         std::uint64_t size) const;
    std::uint16_t location_of(DomainId domain) const;
    std::optional<Refusal> quota_refusal(AccountId account, std::uint64_t size) const;

    const directory::Directory& directory_;
    mailstore::MailStore& store_;
    const LocationSets* locations_;
};

}  // namespace postrider::delivery
