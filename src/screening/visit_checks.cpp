#include <algorithm>

#include "filter/dnsbl/links.h"
#include "mime/description.h"
#include "screening/settle.h"
#include "screening/visit.h"

/// What the settings ask about clients and senders, without a policy.
namespace postrider::screening {

using filter::ListAction;
using mailauth::Questions;

mailauth::SpfRequest Visit::spf_request(bool of_helo) const {
    mailauth::SpfRequest request;
    request.client = client_.ip;
    request.helo = helo_;
    if (!of_helo) request.sender = sender_.text();
    request.host = s_.p_.host;
    request.now = s_.p_.clock.now();
    return request;
}

net::Task<> Visit::check_spf(Event event) {
    if (spf_ && event != Event::ehlo) co_return;
    auto check = [request = spf_request(event == Event::ehlo)](const mailauth::Answers& answers) {
        return mailauth::check_spf(request, answers);
    };
    auto found = co_await settle<mailauth::SpfResult>(s_.p_.resolver, answers_, std::move(check));
    s_.p_.log.info(client_.id, "SPF check of <{}> for [{}]: {}{}{}", found.domain, client_.ip,
                   mailauth::word(found.outcome), found.problem.empty() ? "" : ": ", found.problem);
    spf_ = std::move(found);
}

/// The name a client gives itself, before it has named a sender. Clients that will log in (submission) are
/// asked too: who wants that leaves it to listeners that take mail from other hosts.
net::Task<Decision> Visit::check_ehlo() {
    const AuthenticationSettings& a = rules_->settings.authentication;
    ehlo_level_ = level_ = 0;
    const bool wanted = a.ehlo_spf_fail != Consequence::none || a.ehlo_spf_error != Consequence::none
                        || a.ehlo_spf_none != Consequence::none;
    Decision decision;
    if (!a.enable || !wanted || trusted_ || helo_.empty()) co_return decision;
    co_await check_spf(Event::ehlo);
    using Outcome = mailauth::SpfOutcome;
    const Outcome outcome = spf_->outcome;
    spf_.reset();  // it is about the name, not about a sender
    const std::string why = "SPF check of your name <" + helo_ + ">: " + std::string{mailauth::word(outcome)};
    if (outcome == Outcome::fail) decision = consequence(a.ehlo_spf_fail, "7.23", why);
    if (outcome == Outcome::temperror || outcome == Outcome::permerror)
        decision = consequence(a.ehlo_spf_error, "7.24", why);
    if (outcome == Outcome::none) decision = consequence(a.ehlo_spf_none, "7.23", why);
    ehlo_level_ = level_;
    co_return decision;
}

Decision Visit::refusal(ListAction action, std::string status, std::string text) {
    const bool now = action == ListAction::tmpreject;
    if (!now && action != ListAction::reject) return {};
    s_.refused_.add();
    s_.p_.log.info(client_.id, "Refused [{}] <{}>: {}", client_.ip, sender_.text(), text);
    return {now ? Decision::Action::tmpreject : Decision::Action::reject, now ? 451 : 550,
            (now ? "4." : "5.") + status, std::move(text)};
}

Decision Visit::consequence(Consequence what, std::string status, std::string text) {
    switch (what) {
        case Consequence::none: return {};
        case Consequence::mark:
            s_.p_.log.info(client_.id, "Marked with level {}: {}", rules_->settings.authentication.mark_level,
                           text);
            level_ = std::max(level_, rules_->settings.authentication.mark_level);
            return {};
        case Consequence::tmpreject:
            return refusal(ListAction::tmpreject, std::move(status), std::move(text));
        case Consequence::reject: return refusal(ListAction::reject, std::move(status), std::move(text));
    }
    return {};
}

/// Country, lists, names, SPF: whatever has a consequence. Questions of all checks go out together.
net::Task<Decision> Visit::check_sender() {
    if (exempt()) co_return Decision{};
    const ScreeningSettings& s = rules_->settings;
    const AuthenticationSettings& a = s.authentication;
    if (s.country.enable) {
        const auto verdict = s_.country_.check(*ip_);
        if (verdict.banned) {
            std::string where = verdict.country.empty() ? "an unknown country" : verdict.country;
            co_return refusal(ListAction::reject, "7.1", "Mail from " + where + " is not accepted here");
        }
    }
    const bool wants_spf = a.enable && a.spf && !spf_
                           && (a.spf_fail != Consequence::none || a.spf_temperror != Consequence::none
                               || a.spf_permerror != Consequence::none || a.spf_none != Consequence::none);
    const bool wants_mx = s.dns.sender_mx != ListAction::ignore && !sender_.null();
    const bool wants_sender = rules_->lists.asks(filter::ListedThing::sender) && !sender_.null();
    const bool wants_client = rules_->lists.asks(filter::ListedThing::client) && !client_lists_;
    const bool wants_helo_list = rules_->lists.asks(filter::ListedThing::helo) && !helo_lists_;
    const bool wants_name = s.dns.reverse_dns != ListAction::ignore && !reverse_dns_;
    const bool wants_helo = s.dns.helo != ListAction::ignore && !helo_check_;
    const std::vector<std::string> own_names{s_.p_.host.get()};

    std::optional<filter::DnsListResult> sender_lists;
    std::optional<filter::SenderMx> mx;
    for (int round = 0; round < 60; ++round) {
        Questions open;
        const auto step = [&]<class T>(bool wanted, std::optional<T>& slot, mailauth::Needs<T>&& needs) {
            if (!wanted || slot) return;
            if (T* done = std::get_if<T>(&needs)) {
                slot = std::move(*done);
                return;
            }
            for (mailauth::Question& q : std::get<Questions>(needs)) open.push_back(std::move(q));
        };
        if (wants_spf && !spf_) step(true, spf_, mailauth::check_spf(spf_request(false), answers_));
        if (wants_mx && !mx) step(true, mx, filter::check_sender_mx(sender_.domain, answers_));
        if (wants_sender && !sender_lists)
            step(true, sender_lists,
                 rules_->lists.check_domain(filter::ListedThing::sender, sender_.domain, answers_));
        if (wants_client && !client_lists_)
            step(true, client_lists_, rules_->lists.check_client(*ip_, answers_));
        if (wants_helo_list && !helo_lists_)
            step(true, helo_lists_, rules_->lists.check_domain(filter::ListedThing::helo, helo_, answers_));
        if (wants_name && !reverse_dns_) step(true, reverse_dns_, filter::check_reverse_dns(*ip_, answers_));
        if (wants_helo && !helo_check_)
            step(true, helo_check_, filter::check_helo(helo_, *ip_, own_names, answers_));
        if (open.empty()) break;
        std::ranges::sort(open);
        open.erase(std::unique(open.begin(), open.end()), open.end());
        co_await ask_all(s_.p_.resolver, std::move(open), answers_);
    }

    // The gravest first: what is refused for good need not be asked to come back.
    const filter::DnsListResult* lists[] = {client_lists_ ? &*client_lists_ : nullptr,
                                            sender_lists ? &*sender_lists : nullptr,
                                            helo_lists_ ? &*helo_lists_ : nullptr};
    const filter::Listed* worst = nullptr;
    for (const filter::DnsListResult* list : lists) {
        const filter::Listed* hit = list ? list->worst() : nullptr;
        if (hit && (!worst || hit->action > worst->action)) worst = hit;
        if (hit && hit->action == ListAction::mark) level_ = std::max(level_, hit->level);
    }
    if (worst)
        s_.p_.log.info(client_.id, "DNSBL: {} is listed in {}: {} {}", worst->what, worst->zone, worst->reply,
                       worst->explanation);
    Decision decision;
    const auto refuse = [&](ListAction action, std::string status, std::string text) {
        if (decision.action == Decision::Action::reject) return;
        Decision made = refusal(action, std::move(status), std::move(text));
        if (made.refuses()) decision = std::move(made);
    };
    if (worst) refuse(worst->action, "7.1", worst->refusal);
    if (reverse_dns_ && reverse_dns_->verdict == filter::HostVerdict::fail)
        refuse(s.dns.reverse_dns, "7.25",
               "Reverse DNS check failed for <" + helo_ + "> connected from <" + client_.ip + ">");
    if (helo_check_ && helo_check_->verdict == filter::HostVerdict::fail)
        refuse(s.dns.helo, "7.1", "<" + helo_ + "> cannot be your name");
    if (mx && mx->verdict == filter::HostVerdict::fail)
        refuse(s.dns.sender_mx, "7.27", "Sender domain <" + sender_.domain + "> has no DNS MX entry");
    if (decision.action == Decision::Action::none && wants_spf && spf_) {
        using Outcome = mailauth::SpfOutcome;
        std::string why = "SPF check failed for <" + helo_ + ">: <"
                          + mailauth::spf_explanation(*spf_, spf_request(false)) + ">";
        switch (spf_->outcome) {
            case Outcome::fail: decision = consequence(a.spf_fail, "7.23", std::move(why)); break;
            case Outcome::temperror:
                decision = consequence(a.spf_temperror, "7.24",
                                       "SPF record of the sender's domain cannot be read now");
                break;
            case Outcome::permerror:
                decision = consequence(a.spf_permerror, "7.24", "SPF record of the sender's domain is wrong");
                break;
            case Outcome::none:
                decision = consequence(a.spf_none, "7.23", "The sender's domain publishes no SPF record");
                break;
            default: break;
        }
    }
    co_return decision;
}

net::Task<Decision> Visit::check_links(std::string_view message) {
    if (!rules_->lists.asks(filter::ListedThing::links)) co_return Decision{};
    const mime::Description described = mime::describe(message);
    auto domains = filter::link_domains(message, described.parts);
    if (domains.empty()) co_return Decision{};
    auto check = [this, &domains](const mailauth::Answers& known) {
        return rules_->lists.check_links(domains, known);
    };
    auto found = co_await settle<filter::DnsListResult>(s_.p_.resolver, answers_, std::move(check));
    const filter::Listed* worst = found.worst();
    if (!worst) co_return Decision{};
    s_.p_.log.info(client_.id, "URIBL: {} is listed in {}: {} {}", worst->what, worst->zone, worst->reply,
                   worst->explanation);
    for (const filter::Listed& hit : found.listed)
        if (hit.action == ListAction::mark) level_ = std::max(level_, hit.level);
    co_return refusal(worst->action, "7.1", worst->refusal);
}

}  // namespace postrider::screening
