#pragma once

#include "filter/chain/chain.h"
#include "filter/scan/levels.h"
#include "sieve/environment.h"

namespace postrider::filter {

/// What scripts may ask about, for one recipient.
class World : public sieve::Environment {
public:
    World(const ChainParts& parts, const Owner& owner, const queue::Envelope& envelope, const Levels& levels)
        : parts_{parts}, owner_{owner}, envelope_{envelope}, levels_{levels} {}

    Time now() const override { return parts_.clock.now(); }
    std::optional<std::string> item(std::string_view name) override;
    bool mailbox_exists(std::string_view name) override;
    bool mailbox_id_exists(std::string_view id) override;
    std::optional<std::string> metadata(std::string_view mailbox, std::string_view annotation) override;
    bool special_use_exists(std::string_view mailbox, std::string_view use) override;
    std::optional<unsigned> spam_level() override { return levels_.spam; }
    std::optional<unsigned> virus_level() override { return levels_.virus; }
    bool duplicate_seen(std::string_view key) override;
    bool answered(std::string_view key, std::chrono::seconds within) override;
    std::vector<std::string> own_addresses() override;
    std::string owner_name() override { return owner_.entry ? owner_.entry->full_name : ""; }
    std::string server_name() override { return parts_.host; }
    /// RFC 6134: ":addrbook:default" and ":addrbook:collected" are those whom the owner has written to, or
    /// who have confirmed who they are, the former with the owner's whitelist; ":addrbook:whitelist" and
    /// ":addrbook:blacklist" are the owner's.
    bool list_exists(std::string_view name) override;
    bool list_contains(std::string_view name, std::string_view value) override;
    std::vector<std::string> list_members(std::string_view name) override;
    std::optional<std::string> document_text(std::string_view type, std::string_view content) override;

    bool can_notify_by_xmpp() override { return parts_.messenger && parts_.messenger->available(); }

    /// The folder that a fileinto means; made when the script asks for that and it is not there.
    Copy copy_of(const sieve::FileInto& into);

protected:
    mailstore::Account* account();

private:
    const ChainParts& parts_;
    const Owner& owner_;
    const queue::Envelope& envelope_;
    const Levels& levels_;
    std::shared_ptr<mailstore::Account> account_;
    unsigned documents_ = 0;  ///< that have been read for the script
};

/// Memory keys.
std::string seen_key(std::string_view duplicate);
std::string answer_key(std::string_view vacation);

/// System flags and keywords of a copy, from Sieve's flag names (RFC 5232 §2).
void set_flags(Copy& copy, const sieve::Flags& flags);

}  // namespace postrider::filter
