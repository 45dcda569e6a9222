#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "filter/ban/bans.h"
#include "filter/ban/rates.h"
#include "filter/confirm/identity_confirmation.h"
#include "filter/country/country_filter.h"
#include "filter/dnsbl/dns_list.h"
#include "filter/greylist/greylist.h"
#include "filter/lists/address_lists.h"
#include "filter/spam/learner.h"
#include "filter/spam/spam_filter.h"

namespace postrider::filter {

/// What stands in `antiSpam = { ... }`.
struct AntiSpamSettings {
    DnsChecksSettings dns_checks;
    GreylistSettings greylisting;
    CountrySettings country;
    BanSettings bans;
    RateSettings rates;
    SpamSettings spam;
    ConfirmSettings confirm;
};
settings::TableOf<AntiSpamSettings> anti_spam_table();

/// All that judges clients and senders beside scanners and authentication, held together: what the SMTP side
/// asks (bans, rates, DNS lists, countries, greylisting), what the filter chain asks (lists, spam filter,
/// identity confirmation), and what administration changes. Thread-safe.
class AntiSpam {
public:
    struct Parts {
        kv::Store& store;
        mailstore::MailStore& mail;
        const directory::Directory& directory;
        const Clock& clock;
        observe::Metrics& metrics;
        observe::Logger log;
        std::filesystem::path directory_path;  ///< relative paths of settings are relative to it
        std::string host;
        IdentityConfirmation::Send send;
    };
    /// The error is a sentence.
    static std::expected<std::unique_ptr<AntiSpam>, std::string> open(Parts parts,
                                                                      const AntiSpamSettings& settings,
                                                                      std::chrono::minutes greylisting_cache);
    ~AntiSpam();

    void start();  ///< the threads that learn and that ask
    void stop();
    /// New settings; each part takes its own or, with a sentence, keeps those of before.
    std::vector<std::string> reconfigure(const AntiSpamSettings& settings,
                                         std::chrono::minutes greylisting_cache);

    std::shared_ptr<const DnsLists> dns_lists() const;
    DnsChecksSettings dns_checks() const;
    Greylist& greylist() { return *greylist_; }
    CountryFilter& country() { return country_; }
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
    AntiSpam(const Parts& parts);

    CountryFilter country_;
    AddressLists lists_;
    std::unique_ptr<Greylist> greylist_;
    std::unique_ptr<Bans> bans_;
    std::unique_ptr<Rates> rates_;
    std::unique_ptr<SpamFilter> spam_;
    std::unique_ptr<IdentityConfirmation> confirmation_;
    std::unique_ptr<SpamLearner> learner_;
    mutable std::mutex mutex_;
    std::shared_ptr<const DnsLists> dns_lists_;
    DnsChecksSettings dns_checks_;
};

}  // namespace postrider::filter
