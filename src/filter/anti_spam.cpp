#include "filter/anti_spam.h"

namespace postrider::filter {
namespace {

using namespace settings;
using S = AntiSpamSettings;

constexpr Setting<S> rows[] = {
    {.name = "dnsChecks",
     .field = object<&S::dns_checks, dns_checks_table>,
     .help = "What the DNS says about clients and senders."},
    {.name = "greylisting",
     .field = object<&S::greylisting, greylist_table>,
     .help = "Putting off mail of strangers once."},
    {.name = "countryFilter",
     .field = object<&S::country, country_table>,
     .help = "Clients by their country."},
    {.name = "bans", .field = object<&S::bans, ban_table>, .help = "Shutting out attackers for a while."},
    {.name = "rateLimits",
     .field = object<&S::rates, rate_table>,
     .help = "How much mail one source may bring."},
    {.name = "spamFilter", .field = object<&S::spam, spam_table>, .help = "The built-in statistical filter."},
    {.name = "identityConfirmation",
     .field = object<&S::confirm, confirm_table>,
     .help = "Asking strangers who they are."},
};

}  // namespace

TableOf<AntiSpamSettings> anti_spam_table() {
    return {rows, "antiSpam", "What keeps unwanted mail out."};
}

AntiSpam::AntiSpam(const Parts& parts) : country_{parts.directory_path, parts.log}, lists_{parts.store} {}

std::expected<std::unique_ptr<AntiSpam>, std::string> AntiSpam::open(Parts parts,
                                                                     const AntiSpamSettings& settings,
                                                                     std::chrono::minutes greylisting_cache) {
    std::unique_ptr<AntiSpam> out{new AntiSpam{parts}};
    auto greylist =
        Greylist::open(parts.store, parts.clock, parts.metrics, settings.greylisting, greylisting_cache);
    if (!greylist) return std::unexpected(greylist.error());
    out->greylist_ = std::move(*greylist);
    auto bans = Bans::open(parts.store, parts.clock, parts.metrics, parts.log, settings.bans);
    if (!bans) return std::unexpected(bans.error());
    out->bans_ = std::move(*bans);
    auto rates = Rates::make(parts.clock, parts.metrics, settings.rates);
    if (!rates) return std::unexpected(rates.error());
    out->rates_ = std::move(*rates);
    auto spam = SpamFilter::open(parts.store, parts.clock, parts.metrics, parts.log, settings.spam);
    if (!spam) return std::unexpected(spam.error());
    out->spam_ = std::move(*spam);
    out->learner_ = std::make_unique<SpamLearner>(*out->spam_, parts.mail, parts.log);
    auto lists = DnsLists::compile(settings.dns_checks);
    if (!lists) return std::unexpected(lists.error());
    out->dns_lists_ = std::make_shared<const DnsLists>(std::move(*lists));
    out->dns_checks_ = settings.dns_checks;
    // A database that cannot be read must not keep the server from starting: mail comes in unfiltered by
    // country.
    if (auto ok = out->country_.configure(settings.country); !ok) parts.log.error({}, "{}", ok.error());
    auto confirmation =
        IdentityConfirmation::open({parts.store, parts.mail, parts.directory, parts.clock, parts.metrics,
                                    parts.log, parts.host, std::move(parts.send)},
                                   settings.confirm);
    if (!confirmation) return std::unexpected(confirmation.error());
    out->confirmation_ = std::move(*confirmation);
    return out;
}

AntiSpam::~AntiSpam() {
    stop();
}

void AntiSpam::start() {
    learner_->start();
    confirmation_->start();
}

void AntiSpam::stop() {
    if (learner_) learner_->stop();
    if (confirmation_) confirmation_->stop();
    if (spam_) spam_->flush();
}

std::vector<std::string> AntiSpam::reconfigure(const AntiSpamSettings& settings,
                                               std::chrono::minutes greylisting_cache) {
    std::vector<std::string> problems;
    auto note = [&](std::expected<void, std::string> done) {
        if (!done) problems.push_back(std::move(done.error()));
    };
    note(greylist_->reconfigure(settings.greylisting, greylisting_cache));
    note(bans_->reconfigure(settings.bans));
    note(rates_->reconfigure(settings.rates));
    note(country_.configure(settings.country));
    spam_->reconfigure(settings.spam);
    confirmation_->reconfigure(settings.confirm);
    auto lists = DnsLists::compile(settings.dns_checks);
    if (!lists) {
        problems.push_back(std::move(lists.error()));
        return problems;
    }
    std::lock_guard lock{mutex_};
    dns_lists_ = std::make_shared<const DnsLists>(std::move(*lists));
    dns_checks_ = settings.dns_checks;
    return problems;
}

std::shared_ptr<const DnsLists> AntiSpam::dns_lists() const {
    std::lock_guard lock{mutex_};
    return dns_lists_;
}

DnsChecksSettings AntiSpam::dns_checks() const {
    std::lock_guard lock{mutex_};
    return dns_checks_;
}

void AntiSpam::every_minute() {
    bans_->sweep();
    country_.refresh();
    spam_->flush();
}

void AntiSpam::every_hour() {
    if (greylist_->enabled()) greylist_->sweep();
    confirmation_->sweep();
}

void AntiSpam::erase(AccountId account, kv::Batch& batch) {
    AddressLists::erase(ListOwner::account(account), batch);
    SpamFilter::erase(account, batch);
    IdentityConfirmation::erase(account, batch);
}

void AntiSpam::forget(AccountId account) {
    lists_.forget(ListOwner::account(account));
    spam_->forget(account);
}

void AntiSpam::forget(DomainId domain) {
    lists_.forget(ListOwner::domain(domain));
}

}  // namespace postrider::filter
