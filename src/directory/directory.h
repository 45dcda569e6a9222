#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "kv/kv.h"
#include "mime/address.h"

/// Who exists: domains, accounts, aliases, classes, groups, forwarders, folder recipients, administrators; and what
/// of their settings is explicit. Records by the byte: docs/formats/directory.md.
///
/// Look-ups are cheap (cached) but may read the disk: use the worker pool. Changes are durable when they return.
namespace postrider::directory {

enum class DirectoryError {
    not_found,
    exists,        ///< the name is taken by another object or alias of the domain
    bad_name,
    in_use,        ///< e.g. a class that accounts inherit from
    not_allowed,   ///< the postmaster cannot be removed, the password is against the policy, ...
    storage,
};
struct Failure {
    DirectoryError kind;
    std::string what;  ///< what happened, where, what to do
};
template <class T = void>
using Result = std::expected<T, Failure>;

struct Domain {
    DomainId id;
    std::string name;                  ///< lower case, U-label
    std::vector<std::string> aliases;
    bool enabled = true;
    enum class CatchAll { disabled, account, folder } catch_all = CatchAll::disabled;
    std::string catch_all_target;      ///< local part, or path of a public folder
    AccountId public_account;          ///< owner of the public folders
    std::uint16_t location = 0;        ///< storage location of its messages
};

enum class ObjectKind : std::uint8_t { account, group, forwarder, folder_recipient };

struct AccountEntry {
    AccountId id;
    DomainId domain;
    std::string name;                  ///< local part
    std::string address;               ///< name@domain
    std::vector<std::string> aliases;  ///< further local parts
    std::string full_name;
    std::string account_class;         ///< "" = domain defaults
    bool enabled = true;
    bool must_change_password = false;
};

/// Where mail for an address goes.
struct Mailbox { std::shared_ptr<const AccountEntry> account; std::string folder; };   ///< folder "" = INBOX, or the detail of user+folder
struct PublicFolder { DomainId domain; AccountId owner; std::string folder; };
struct Expansion { std::string name; std::vector<mime::AddrSpec> members; };            ///< group or forwarder: deliver to these instead
struct NotLocal {};
struct Unknown {};                     ///< the domain is ours, the address is not
struct Disabled {};                    ///< account or domain is switched off for now
using Route = std::variant<Mailbox, PublicFolder, Expansion, NotLocal, Unknown, Disabled>;

class Directory;  // the rest of this header is the directory helper's to complete

}  // namespace postrider::directory
