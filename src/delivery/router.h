#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "directory/directory.h"
#include "mailstore/mailstore.h"
#include "queue/envelope.h"
#include "rules/exchange.h"
#include "rules/mailbox_rate.h"

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
    std::vector<AccountId> with_quota;  ///< accounts among the targets whose owners are to be warned in time
    bool expanded = false;              ///< a group or forwarder: `targets` and `elsewhere` are its members'
    std::optional<Refusal> refusal;     ///< then both are empty
    std::uint16_t location = 0;         ///< storage location of the first target's domain
};

/// Which of a domain's storage locations takes its next message: each in its turn, and one that is full or
/// read-only as long only as no other has room.
class LocationTurns {
public:
    std::uint16_t pick(const std::vector<std::uint16_t>& locations, const mailstore::MailStore& store) const;

private:
    mutable std::atomic<std::uint32_t> next_{0};
};

/// Turns addresses into folders. May read the disk.
class Router {
public:
    /// All must live longer; without `rate` a mailbox takes what comes.
    Router(const directory::Directory& directory, mailstore::MailStore& store,
           rules::MailboxRate* rate = nullptr, const Clock* clock = nullptr)
        : directory_{directory}, store_{store}, rate_{rate}, clock_{clock} {}

    /// @param size    of the message where it is known (SIZE=), octets; counts against quotas
    /// @param sender  whose mail it is: what it may send and what recipients take from it counts, for the
    ///                members of groups too; by default mail of our own, which nothing keeps out
    Destination resolve(const mime::AddrSpec& address, std::uint64_t size = 0,
                        const rules::Sender* sender = nullptr) const;
    /// Mail to it goes to other hosts, perhaps among others: a group with such members is a local address.
    bool leaves(const mime::AddrSpec& address) const {
        return !is_local_domain(address.domain) || !resolve(address).elsewhere.empty();
    }
    rules::Sender sender(const queue::Envelope& envelope) const {
        return rules::Sender::of(directory_, envelope.reverse_path, envelope.authenticated);
    }
    /// Addresses of ours that stand for somebody else's (SRS): whom such an address stands for, nothing for
    /// all others. Set before the server starts.
    void stand_ins(std::function<std::optional<mime::AddrSpec>(const mime::AddrSpec&)> original) {
        stands_for_ = std::move(original);
    }
    bool is_local_domain(const std::string& domain) const { return directory_.is_local_domain(domain); }

private:
    Destination one_step(const directory::Route& route, const mime::AddrSpec& address, std::uint64_t size,
                         const rules::Sender* sender) const;
    Destination public_folder(const directory::PublicFolder& folder, std::uint64_t size) const;
    Destination mailbox(const directory::Mailbox& mailbox, std::uint64_t size,
                        const rules::Sender* sender) const;
    std::uint16_t location_of(DomainId domain) const;

    const directory::Directory& directory_;
    mailstore::MailStore& store_;
    LocationTurns turns_;
    rules::MailboxRate* rate_;
    const Clock* clock_;
    std::function<std::optional<mime::AddrSpec>(const mime::AddrSpec&)> stands_for_;
};

}  // namespace postrider::delivery
