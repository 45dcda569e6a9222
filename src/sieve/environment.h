#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace postrider::sieve {

/// What a script may ask about the world. The defaults know nothing; whoever runs scripts answers what it
/// can. Called from the thread that runs the script, seldom twice with the same question.
class Environment {
public:
    virtual ~Environment() = default;

    virtual Time now() const = 0;
    virtual int zone_minutes() const { return 0; }  ///< east of UTC: the owner's, for `currentdate`

    /// RFC 5183: "domain", "host", "location", "phase", "remote-host", "remote-ip"; RFC 6785 §4: "imap.user",
    /// "imap.cause", ... ("name" and "version" need no answer). nullopt: not known.
    virtual std::optional<std::string> item(std::string_view) { return std::nullopt; }

    virtual bool mailbox_exists(std::string_view) {
        return false;
    }  ///< and can be delivered to (RFC 5490 §3.1)
    virtual bool mailbox_id_exists(std::string_view) { return false; }  ///< RFC 9042
    /// A folder has this attribute ("\\Junk"): the named one, or with "" any of the owner's (RFC 8579 §3).
    virtual bool special_use_exists(std::string_view, std::string_view) { return false; }
    /// Value of an annotation ("/private/comment"): of a folder, or with "" of the server (RFC 5490).
    virtual std::optional<std::string> metadata(std::string_view, std::string_view) { return std::nullopt; }

    virtual std::optional<unsigned> spam_level() { return std::nullopt; }  ///< 1-10; nullopt: not tested
    virtual std::optional<unsigned> spam_percent() {                       ///< 0-100 (RFC 5235 §2.2)
        auto level = spam_level();
        return level ? std::optional{*level < 2 ? 0 : (*level - 1) * 100 / 9} : std::nullopt;
    }
    virtual std::optional<unsigned> virus_level() { return std::nullopt; }  ///< 1-5 (RFC 5235 §2.3)

    /// Was this key stored and has not run out? (RFC 7352)
    virtual bool duplicate_seen(std::string_view) { return false; }
    /// Was an answer given under this key within so long? (RFC 5230 §4.2)
    virtual bool answered(std::string_view, std::chrono::seconds) { return false; }

    /// What a document ("application/pdf") says, UTF-8, for `convert`; nullopt: it cannot be read. May take
    /// long: scripts that require `convert` are not for threads that must not block.
    virtual std::optional<std::string> document_text(std::string_view, std::string_view) {
        return std::nullopt;
    }

    virtual bool can_notify_by_xmpp() { return false; }  ///< mailto can always be done

    /// External lists (RFC 6134): names like ":addrbook:default" or "tag:...".
    virtual bool list_exists(std::string_view) { return false; }
    virtual bool list_contains(std::string_view, std::string_view) { return false; }
    virtual std::vector<std::string> list_members(std::string_view) { return {}; }  ///< for redirect :list

    virtual std::vector<std::string> own_addresses() {
        return {};
    }                                                 ///< of the owner, the first one is the main one
    virtual std::string owner_name() { return {}; }   ///< for From of what is sent on the owner's behalf
    virtual std::string delimiters() { return "+"; }  ///< what parts user from detail (RFC 5233)
    virtual std::vector<std::string> flags() {
        return {};
    }  ///< of a message that lies already (RFC 6785 §4.5)
    virtual bool may_add_field(std::string_view) { return true; }  ///< by editheader
    virtual bool may_delete_field(std::string_view) { return true; }
    virtual std::string server_name() { return "localhost"; }  ///< for Received-like lines of what is made
};

}  // namespace postrider::sieve
