#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/server_name.h"
#include "filter/anti_spam_settings.h"
#include "filter/ban/bans.h"
#include "filter/ban/rates.h"
#include "filter/confirm/identity_confirmation.h"
#include "filter/lists/address_lists.h"
#include "filter/spam/learner.h"
#include "filter/spam/spam_filter.h"

namespace postrider::filter {

/// What the server learns and remembers about senders, held together: what listeners and the SMTP side ask
/// (bans, rates), what the filter chain asks (lists, spam filter, identity confirmation), and what
/// administration changes. DNS lists, greylisting and countries are screening's, since nobody but SMTP asks
/// for them. Thread-safe.
class AntiSpam {
public:
    struct Parts {
        kv::Store& store;
        mailstore::MailStore& mail;
        const directory::Directory& directory;
        const Clock& clock;
        observe::Metrics& metrics;
        observe::Logger log;
        ServerName host;
        IdentityConfirmation::Send send;
    };
    /// The error is a sentence.
    static std::expected<std::unique_ptr<AntiSpam>, std::string> open(Parts parts,
                                                                      const AntiSpamSettings& settings);
    ~AntiSpam();

    void start();  ///< the threads that learn and that ask
    void stop();
    /// New settings; each part takes its own or, with a sentence, keeps those of before.
    std::vector<std::string> reconfigure(const AntiSpamSettings& settings);

    /// What the lists of the server, and where they say nothing of the domain, say of a message's From
    /// addresses (from_addresses()): black = it is refused, white = it is accepted whatever filters think.
    ListVerdict listed(DomainId domain, const std::vector<mime::AddrSpec>& from, bool authentication_failed);
    /// What the account's own say: black = into Trash, white = past spam actions and identity confirmation.
    /// Those it has met count as its settings say (whitelistIncludeAddressBook, blacklistExcludeAddressBook).
    /// Nobody is white by a From field that failed authentication. When the store cannot be read: none.
    ListVerdict listed(AccountId account, const std::vector<mime::AddrSpec>& from,
                       bool authentication_failed);

    AddressLists& lists() { return lists_; }
    Bans& bans() { return *bans_; }
    Rates& rates() { return *rates_; }
    SpamFilter& spam() { return *spam_; }
    SpamLearner& learner() { return *learner_; }
    IdentityConfirmation& confirmation() { return *confirmation_; }

    void every_minute();  ///< what is written and looked at now and then
    void every_hour();
    /// Adds to the batch with which an account ceases to exist all that is kept about it.
    static void erase(AccountId account, kv::Batch& batch);
    void forget(AccountId account);  ///< what is in memory about it
    void forget(DomainId domain);

private:
    explicit AntiSpam(const Parts& parts) : directory_{parts.directory}, lists_{parts.store} {}

    const directory::Directory& directory_;
    AddressLists lists_;
    std::unique_ptr<Bans> bans_;
    std::unique_ptr<Rates> rates_;
    std::unique_ptr<SpamFilter> spam_;
    std::unique_ptr<IdentityConfirmation> confirmation_;
    std::unique_ptr<SpamLearner> learner_;
};

}  // namespace postrider::filter
