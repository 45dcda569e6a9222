#include "filter/anti_spam.h"

namespace postrider::filter {
namespace {

using namespace settings;
using S = AntiSpamSettings;

constexpr Setting<S> rows[] = {
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
    return {rows, "antiSpam", "What the server learns and remembers about senders."};
}

std::expected<std::unique_ptr<AntiSpam>, std::string> AntiSpam::open(Parts parts,
                                                                     const AntiSpamSettings& settings) {
    std::unique_ptr<AntiSpam> out{new AntiSpam{parts}};
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

std::vector<std::string> AntiSpam::reconfigure(const AntiSpamSettings& settings) {
    std::vector<std::string> problems;
    auto note = [&](std::expected<void, std::string> done) {
        if (!done) problems.push_back(std::move(done.error()));
    };
    note(bans_->reconfigure(settings.bans));
    note(rates_->reconfigure(settings.rates));
    spam_->reconfigure(settings.spam);
    confirmation_->reconfigure(settings.confirm);
    return problems;
}

ListVerdict AntiSpam::listed(DomainId domain, const std::vector<mime::AddrSpec>& from,
                             bool authentication_failed) {
    for (const ListOwner owner : {ListOwner::server(), ListOwner::domain(domain)}) {
        const ListVerdict verdict = lists_.judge(owner, from).value_or(ListVerdict::none);
        if (verdict == ListVerdict::black) return verdict;
        if (verdict == ListVerdict::white && !authentication_failed) return verdict;
    }
    return ListVerdict::none;
}

ListVerdict AntiSpam::listed(AccountId account, const std::vector<mime::AddrSpec>& from,
                             bool authentication_failed) {
    const ListVerdict verdict = lists_.judge(ListOwner::account(account), from).value_or(ListVerdict::none);
    if (verdict == ListVerdict::white) return authentication_failed ? ListVerdict::none : verdict;
    if (authentication_failed || from.empty()) return verdict;
    const auto its = directory_.effective(account);
    const bool include = its && (*its)->whitelist_address_book,
               spare = its && (*its)->blacklist_spare_address_book;
    if (verdict == ListVerdict::none ? !include : !spare) return verdict;
    for (const mime::AddrSpec& one : from)
        if (!confirmation_->collected().has(account, one).value_or(false)) return verdict;
    if (verdict == ListVerdict::black) return ListVerdict::none;
    return ListVerdict::white;
}

void AntiSpam::every_minute() {
    bans_->sweep();
    spam_->flush();
}

void AntiSpam::every_hour() {
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
