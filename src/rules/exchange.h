#pragma once

#include <memory>
#include <optional>
#include <string>

#include "directory/directory.h"

/// With whom accounts may exchange mail (sendPolicy, recvPolicy).
namespace postrider::rules {

/// What the policy says of an address; members of `exceptions` get the opposite.
/// @param own  domain of the account whose policy it is
bool allows(settings::ExchangePolicy policy, const std::vector<std::string>& exceptions,
            const directory::Domain& own, const mime::AddrSpec& other);

/// Whose mail it is, as far as rules ask: made once a message.
struct Sender {
    mime::AddrSpec address;                                     ///< the reverse-path
    std::shared_ptr<const directory::AccountEntry> account;     ///< of ours, logged in or not; or nullptr
    std::shared_ptr<const settings::AccountSettings> settings;  ///< with `account`
    std::shared_ptr<const directory::Domain> domain;            ///< with `account`

    /// @param authenticated  address of the account that logged in; "": then whoever of ours the reverse-path
    ///                       names is held to its own rules
    static Sender of(const directory::Directory& directory, const mime::AddrSpec& reverse_path,
                     const std::string& authenticated = {});
    static Sender of(const directory::Directory& directory, const mime::AddrSpec& reverse_path,
                     std::shared_ptr<const directory::AccountEntry> account);
    /// Nobody that rules apply to: reports and notices of our own.
    static Sender ours() { return {}; }

    bool may_send_to(const mime::AddrSpec& recipient) const;
};

/// May the account take mail from there? The null path (RFC 5321 §4.5.5) is taken, but by an account that
/// takes nothing from anybody.
bool may_receive(const settings::AccountSettings& settings, const directory::Domain& own,
                 const mime::AddrSpec& sender);

}  // namespace postrider::rules
