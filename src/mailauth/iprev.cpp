#include "mailauth/iprev.h"

#include <algorithm>

#include "dns/names.h"
#include "dns/records.h"
#include "mailauth/ip.h"

namespace postrider::mailauth {
namespace {

constexpr std::size_t max_names = 10;

bool is_error(const dns::Answer& answer) {
    return answer.outcome == dns::Outcome::temporary || answer.outcome == dns::Outcome::bogus;
}

}  // namespace

std::string_view word(IprevOutcome outcome) {
    constexpr std::string_view words[] = {"pass", "fail", "temperror", "permerror"};
    return words[static_cast<std::size_t>(outcome)];
}

IprevResult check_iprev(std::string_view client, Asking& dns) {
    IprevResult result;
    auto ip = parse_ip(client);
    if (!ip) return result;
    auto reverse = dns::reverse_name(ip->text());
    if (!reverse) return result;
    const dns::Answer& names = dns.ask(*reverse, dns::Type::ptr);
    if (is_error(names)) return {IprevOutcome::temperror, ""};
    if (names.outcome != dns::Outcome::found) return result;  // RFC 8601 §3: no name is permerror
    std::size_t tried = 0;
    bool unanswered = false;
    result.outcome = IprevOutcome::fail;
    std::string passed;
    for (const std::string& rdata : names.records) {
        if (++tried > max_names) break;
        auto name = dns::parse_name(rdata);
        if (!name || name->empty()) continue;
        const dns::Answer& back = dns.ask(*name, ip->six ? dns::Type::aaaa : dns::Type::a);
        if (is_error(back)) unanswered = true;
        if (result.name.empty()) result.name = *name;
        for (const std::string& address : back.records) {
            auto text = dns::parse_address(address);
            if (text && passed.empty() && *text == ip->text()) passed = *name;
        }
    }
    if (!passed.empty()) return {IprevOutcome::pass, std::move(passed)};
    if (unanswered) result.outcome = IprevOutcome::temperror;
    return result;
}

Needs<IprevResult> check_iprev(std::string_view client, const Answers& answers) {
    Asking dns{answers};
    IprevResult result = check_iprev(client, dns);
    return std::move(dns).finish(std::move(result));
}

}  // namespace postrider::mailauth
