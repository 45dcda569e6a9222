#include "screening/settle.h"
#include "screening/visit.h"
#include "text/ascii.h"

/// Methods that a policy calls and that take asking.
namespace postrider::screening {
namespace {

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> list;
    constexpr std::string_view between = " \t\r\n,;";
    for (auto begin = text.find_first_not_of(between); begin != text.npos;
         begin = text.find_first_not_of(between)) {
        text.remove_prefix(begin);
        const auto end = std::min(text.find_first_of(between), text.size());
        list.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return list;
}

}  // namespace

net::Task<> Visit::perform(policy::Method method, Event event) {
    using M = policy::Method;
    // Nothing counts against who has logged in, and nothing can be told of who has no address.
    const bool known = !account_.empty() || !ip_;
    switch (method) {
        case M::checkSPF:
            if (known) break;
            co_await check_spf(event);
            policy_->assign(Var::SPFResult, mailauth::word(spf_->outcome));
            policy_->assign(Var::SPFExplanation,
                            mailauth::spf_explanation(*spf_, spf_request(event == Event::ehlo)));
            spf_asked_ = true;
            break;
        case M::checkReverseDNS: {
            if (known) break;
            if (!reverse_dns_) {
                auto check = [ip = *ip_](const mailauth::Answers& a) {
                    return filter::check_reverse_dns(ip, a);
                };
                auto found = co_await settle<filter::ReverseDns>(s_.p_.resolver, answers_, std::move(check));
                reverse_dns_ = std::move(found);
            }
            policy_->assign(Var::ReverseDNSResult, filter::word(reverse_dns_->verdict));
            const bool leads_back = reverse_dns_->verdict == filter::HostVerdict::pass;
            policy_->assign(Var::reverseDNSName, leads_back ? reverse_dns_->name : "");
            break;
        }
        case M::checkDNSBL: {
            policy_->assign(Var::DNSBLResult, "");
            policy_->assign(Var::DNSBLExplanation, "");
            if (known || rules_->lists.excluded(*ip_)) break;
            std::string zone{policy_->get(Var::DNSBLServer)};
            auto check = [ip = *ip_, zone](const mailauth::Answers& a) {
                return filter::ask_list(zone, ip, a);
            };
            auto found = co_await settle<filter::ListAnswer>(s_.p_.resolver, answers_, std::move(check));
            if (!found.reply.empty())
                s_.p_.log.info(client_.id, "DNSBL: [{}] is listed in {}: {} {}", client_.ip, zone,
                               found.reply, found.explanation);
            policy_->assign(Var::DNSBLResult, found.reply);
            policy_->assign(Var::DNSBLExplanation, found.explanation);
            break;
        }
        case M::checkSenderMX: {
            if (known || sender_.null()) break;
            std::string domain = sender_.domain;
            auto check = [domain](const mailauth::Answers& a) { return filter::check_sender_mx(domain, a); };
            auto found = co_await settle<filter::SenderMx>(s_.p_.resolver, answers_, std::move(check));
            policy_->assign(Var::SenderMXCheckResult, filter::word(found.verdict));
            break;
        }
        case M::checkGeoIP: {
            policy_->assign(Var::isGeoIPBanned, "no");
            if (!ip_) break;
            const auto allowed = words(policy_->get(Var::allowedCountries));
            const auto banned = words(policy_->get(Var::bannedCountries));
            const auto verdict = s_.country_.check(*ip_, allowed, banned);
            policy_->assign(Var::isGeoIPBanned, verdict.banned ? "yes" : "no");
            policy_->assign(Var::GeoIPResult, verdict.country);
            break;
        }
        case M::checkGreylist: {
            policy_->assign(Var::greylistResult, "pass");
            if (known) break;
            filter::Greylist::Attempt attempt;
            attempt.client = *ip_;
            attempt.sender = sender_;
            attempt.recipient = rcpt_;
            const auto verdict = trace_ ? s_.greylist_->look(attempt) : s_.greylist_->check(attempt);
            if (verdict.delayed()) policy_->assign(Var::greylistResult, "defer");
            break;
        }
        case M::checkDKIM:
        case M::checkDomainKey:
        case M::checkDMARC:
        case M::checkARC: {
            if (known) break;
            mailauth::Checks wanted = checks();
            if (method == M::checkDKIM) wanted.dkim = true;
            if (method == M::checkDomainKey) wanted.domainkeys = true;
            if (method == M::checkARC) wanted.arc = true;
            if (method == M::checkDMARC) wanted.spf = wanted.dkim = wanted.dmarc = true;
            co_await authenticate(wanted);
            const mailauth::MessageAuthentication& found = *authentication_;
            if (method == M::checkDKIM)
                policy_->assign(Var::DKIMResult, mailauth::word(mailauth::dkim_outcome(found.dkim)));
            if (method == M::checkDomainKey)
                policy_->assign(Var::DomainKeyResult, mailauth::word(found.domainkey.status));
            if (method == M::checkARC) policy_->assign(Var::ARCResult, mailauth::word(found.arc.outcome));
            if (method == M::checkDMARC) {
                policy_->assign(Var::DMARCResult, mailauth::word(found.dmarc.outcome));
                policy_->assign(Var::DMARCPolicy, mailauth::word(found.dmarc.requested));
            }
            break;
        }
        case M::executeMilter: co_await execute_milter(event); break;
        default: break;
    }
}

}  // namespace postrider::screening
