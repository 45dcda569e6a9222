#pragma once

#include <memory>
#include <string>
#include <vector>

#include "filter/ban/bans.h"
#include "filter/ban/rates.h"
#include "filter/confirm/identity_confirmation.h"
#include "filter/lists/address_lists.h"
#include "filter/spam/learner.h"
#include "filter/spam/spam_filter.h"

namespace postrider::filter {

/// What stands in `antiSpam = { ... }`.
struct AntiSpamSettings {
    BanSettings bans;
    RateSettings rates;
    SpamSettings spam;
    ConfirmSettings confirm;
};
settings::TableOf<AntiSpamSettings> anti_spam_table();

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
        std::string host;
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
    explicit AntiSpam(const Parts& parts) : lists_{parts.store} {}

    AddressLists lists_;
    std::unique_ptr<Bans> bans_;
    std::unique_ptr<Rates> rates_;
    std::unique_ptr<SpamFilter> spam_;
    std::unique_ptr<IdentityConfirmation> confirmation_;
    std::unique_ptr<SpamLearner> learner_;
};

}  // namespace postrider::filter
