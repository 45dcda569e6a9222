#include "mailauth/spf_check.h"

#include "dns/names.h"
#include "dns/records.h"
#include "text/ascii.h"

namespace postrider::mailauth {
namespace {

bool is_error(const dns::Answer& answer) {
    return answer.outcome == dns::Outcome::temporary || answer.outcome == dns::Outcome::bogus;
}

}  // namespace

SpfOutcome SpfCheck::error(SpfOutcome outcome, std::string problem) {
    result_.problem = std::move(problem);
    return outcome;
}

bool SpfCheck::count() {
    if (++lookups_ <= max_lookups) return true;
    error(SpfOutcome::permerror, "the record asks for too many DNS lookups");
    return false;
}

std::expected<const dns::Answer*, SpfOutcome> SpfCheck::ask(const std::string& name, dns::Type type) {
    const dns::Answer& answer = dns_.ask(name, type);
    if (is_error(answer))
        return std::unexpected(error(SpfOutcome::temperror, "no answer from the DNS for " + name));
    if (answer.outcome != dns::Outcome::found && ++voids_ > max_void)
        return std::unexpected(
            error(SpfOutcome::permerror, "the record asks for too much that does not exist"));
    return &answer;
}

std::expected<std::string, SpfOutcome> SpfCheck::record_of(const std::string& domain) {
    const dns::Answer& answer = dns_.ask(domain, dns::Type::txt);
    if (is_error(answer))
        return std::unexpected(error(SpfOutcome::temperror, "no answer from the DNS for " + domain));
    std::optional<std::string> found;
    for (const std::string& rdata : answer.records) {
        auto text = dns::parse_txt(rdata);
        if (!text || !is_spf_record(*text)) continue;
        if (found)
            return std::unexpected(
                error(SpfOutcome::permerror, domain + " has more than one record"));  // §4.5
        found = std::move(*text);
    }
    if (!found) return std::unexpected(SpfOutcome::none);
    return std::move(*found);
}

SpfResult SpfCheck::run(const std::string& domain) {
    result_.domain = domain;
    result_.mechanism = "default";
    result_.outcome = check_host(domain, 0);
    if (result_.outcome != SpfOutcome::temperror && result_.outcome != SpfOutcome::permerror)
        result_.problem.clear();
    return std::move(result_);
}

SpfOutcome SpfCheck::check_host(const std::string& domain, unsigned depth) {
    auto text = record_of(domain);
    if (text && domain == result_.domain) result_.record = text->substr(0, 450);
    if (!text) return text.error();
    auto record = parse_spf(*text);
    if (!record) return error(SpfOutcome::permerror, domain + ": " + record.error());
    for (const SpfTerm& term : record->terms) {
        auto match = matches(term, domain, depth);
        if (!match) return match.error();
        if (!*match) continue;
        if (depth == 0) {
            result_.mechanism = term.text;
            if (term.qualifier == SpfOutcome::fail && record->exp)
                result_.explanation = explanation(*record->exp, domain);
        }
        return term.qualifier;
    }
    if (!record->redirect) return SpfOutcome::neutral;  // §4.7
    if (!count()) return SpfOutcome::permerror;
    // §6.1: as if the record had been published here; its explanation counts, ours does not.
    const std::string target = expand_domain(*record->redirect, domain);
    const SpfOutcome outcome = check_host(target, depth);
    if (outcome == SpfOutcome::none)
        return error(SpfOutcome::permerror, "redirect to " + target + ", which has no record");
    return outcome;
}

std::expected<bool, SpfOutcome> SpfCheck::matches(const SpfTerm& term, const std::string& domain,
                                                  unsigned depth) {
    switch (term.kind) {
        case SpfTerm::Kind::all: return true;
        case SpfTerm::Kind::ip4: return ip_.within(term.network, term.prefix4);
        case SpfTerm::Kind::ip6: return ip_.within(term.network, term.prefix6);
        default: break;
    }
    if (!count()) return std::unexpected(SpfOutcome::permerror);
    const std::string target = term.domain.empty() ? domain : expand_domain(term.domain, domain);
    switch (term.kind) {
        case SpfTerm::Kind::include: return include(target, depth);
        case SpfTerm::Kind::a: return addresses(target, term);
        case SpfTerm::Kind::mx: return exchanges(target, term);
        case SpfTerm::Kind::exists: return exists(target);
        default: return pointer(target);
    }
}

std::expected<bool, SpfOutcome> SpfCheck::include(const std::string& target, unsigned depth) {
    switch (check_host(target, depth + 1)) {  // §5.2
        case SpfOutcome::pass: return true;
        case SpfOutcome::fail:
        case SpfOutcome::softfail:
        case SpfOutcome::neutral: return false;
        case SpfOutcome::temperror: return std::unexpected(SpfOutcome::temperror);
        case SpfOutcome::none:
            return std::unexpected(
                error(SpfOutcome::permerror, "include of " + target + ", which has no record"));
        case SpfOutcome::permerror: break;
    }
    return std::unexpected(SpfOutcome::permerror);
}

bool SpfCheck::holds(const dns::Answer& answer, const SpfTerm& term) const {
    for (const std::string& rdata : answer.records) {
        auto text = dns::parse_address(rdata);
        auto ip = text ? parse_ip(*text, ip_.six) : std::nullopt;
        if (ip && ip_.within(*ip, ip_.six ? term.prefix6 : term.prefix4)) return true;
    }
    return false;
}

std::expected<bool, SpfOutcome> SpfCheck::addresses(const std::string& target, const SpfTerm& term) {
    auto answer = ask(target, ip_.six ? dns::Type::aaaa : dns::Type::a);
    if (!answer) return std::unexpected(answer.error());
    return holds(**answer, term);
}

std::expected<bool, SpfOutcome> SpfCheck::exchanges(const std::string& target, const SpfTerm& term) {
    auto answer = ask(target, dns::Type::mx);
    if (!answer) return std::unexpected(answer.error());
    const dns::Type type = ip_.six ? dns::Type::aaaa : dns::Type::a;
    std::vector<std::string> hosts;
    for (const std::string& rdata : (*answer)->records) {
        auto mx = dns::parse_mx(rdata);
        if (mx && !mx->exchange.empty()) hosts.push_back(std::move(mx->exchange));
    }
    if (hosts.size() > max_names)
        return std::unexpected(error(SpfOutcome::permerror, target + " has more than ten MX hosts"));
    for (const std::string& host : hosts) dns_.ask(host, type);  // all questions in one round
    for (const std::string& host : hosts) {
        auto one = ask(host, type);
        if (!one) return std::unexpected(one.error());
        if (holds(**one, term)) return true;
    }
    return false;
}

std::expected<bool, SpfOutcome> SpfCheck::exists(const std::string& target) {
    auto answer = ask(target, dns::Type::a);  // §5.7: A, even if the client has an IPv6 address
    if (!answer) return std::unexpected(answer.error());
    return (*answer)->outcome == dns::Outcome::found && !(*answer)->records.empty();
}

/// §5.5: validated names of the client that are the target or below it. Errors only mean that it does not
/// match.
bool SpfCheck::pointer(const std::string& target) {
    auto reverse = dns::reverse_name(ip_.text());
    if (!reverse) return false;
    const dns::Answer& names = dns_.ask(*reverse, dns::Type::ptr);
    const dns::Type type = ip_.six ? dns::Type::aaaa : dns::Type::a;
    const std::string wanted = text::to_lower(target);
    std::size_t tried = 0;
    bool found = false;
    for (const std::string& rdata : names.records) {
        auto name = dns::parse_name(rdata);
        if (++tried > max_names) break;
        if (!name || !(*name == wanted || name->ends_with("." + wanted))) continue;
        const dns::Answer& back = dns_.ask(*name, type);
        if (back.outcome == dns::Outcome::found && holds(back, SpfTerm{})) found = true;
    }
    return found;
}

}  // namespace postrider::mailauth
