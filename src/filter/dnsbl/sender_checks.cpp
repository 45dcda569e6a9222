#include "filter/dnsbl/sender_checks.h"

#include <algorithm>

#include "dns/names.h"
#include "dns/records.h"
#include "text/ascii.h"
#include "text/idna.h"

namespace postrider::filter {
namespace {

using dns::Outcome;
using dns::Type;
using mailauth::Answers;
using mailauth::Needs;
using mailauth::Questions;

constexpr std::size_t most_names = 10;  // of one address, RFC 7208 §4.6.4 has the same limit
constexpr std::size_t most_hosts = 5;   // of one domain, whose addresses are looked up

bool unheard(const dns::Answer& answer) {
    return answer.outcome == Outcome::temporary || answer.outcome == Outcome::bogus;
}

/// Addresses on which nobody else's mail server can be: 0/8, 127/8, 224/3, ::, ::1, ff00::/8.
bool is_nowhere(const settings::Ip& ip) {
    if (ip.v4()) return ip.octets[12] == 0 || ip.octets[12] == 127 || ip.octets[12] >= 224;
    if (ip.octets[0] == 0xff) return true;
    return std::all_of(ip.octets.begin(), ip.octets.end() - 1, [](auto octet) { return octet == 0; })
           && ip.octets[15] <= 1;
}

struct Addresses {
    bool some = false, unheard = false;
};

/// Whether a host has an address where it can be reached; asks for both kinds.
Addresses addresses_of(const std::string& host, const Answers& known, Questions& open) {
    Addresses out;
    for (Type type : {Type::a, Type::aaaa}) {
        const dns::Answer* answer = known.find({host, type});
        if (!answer) {
            open.push_back({host, type});
            continue;
        }
        if (unheard(*answer)) out.unheard = true;
        for (const std::string& record : answer->records)
            if (auto text = dns::parse_address(record))
                if (auto ip = settings::parse_ip(*text); ip && !is_nowhere(*ip)) out.some = true;
    }
    return out;
}

}  // namespace

std::string_view word(HostVerdict verdict) {
    switch (verdict) {
        case HostVerdict::pass: return "pass";
        case HostVerdict::neutral: return "neutral";
        case HostVerdict::fail: return "fail";
        case HostVerdict::temperror: return "temperror";
    }
    return "";
}

Needs<ReverseDns> check_reverse_dns(const settings::Ip& client, const Answers& known) {
    const auto name = dns::reverse_name(settings::to_string(client));
    if (!name) return ReverseDns{HostVerdict::fail, {}};
    const dns::Answer* names = known.find({*name, Type::ptr});
    if (!names) return Questions{{*name, Type::ptr}};
    if (unheard(*names)) return ReverseDns{HostVerdict::temperror, {}};
    std::vector<std::string> hosts;
    for (const std::string& record : names->records) {
        if (hosts.size() >= most_names) break;
        if (auto host = dns::parse_name(record); host && !host->empty()) hosts.push_back(std::move(*host));
    }
    if (hosts.empty()) return ReverseDns{HostVerdict::fail, {}};
    const Type type = client.v4() ? Type::a : Type::aaaa;
    Questions open;
    bool some_unheard = false;
    for (const std::string& host : hosts) {
        const dns::Answer* answer = known.find({host, type});
        if (!answer) {
            open.push_back({host, type});
            continue;
        }
        if (unheard(*answer)) some_unheard = true;
        for (const std::string& record : answer->records)
            if (auto text = dns::parse_address(record))
                if (settings::parse_ip(*text) == client) return ReverseDns{HostVerdict::pass, host};
    }
    if (!open.empty()) return open;
    return ReverseDns{some_unheard ? HostVerdict::temperror : HostVerdict::neutral, hosts.front()};
}

Needs<SenderMx> check_sender_mx(std::string_view domain, const Answers& known) {
    if (domain.starts_with('[')) return SenderMx{HostVerdict::pass, {}};
    const auto labels = text::to_alabels(domain);
    const auto name = labels ? dns::canonical_name(*labels) : std::nullopt;
    if (!name || name->empty()) return SenderMx{HostVerdict::fail, "no domain name"};
    const dns::Answer* answer = known.find({*name, Type::mx});
    if (!answer) return Questions{{*name, Type::mx}};
    if (unheard(*answer)) return SenderMx{HostVerdict::temperror, answer->why};
    if (answer->outcome == Outcome::no_name) return SenderMx{HostVerdict::fail, "the domain does not exist"};
    std::vector<dns::Mx> all;
    for (const std::string& record : answer->records)
        if (auto mx = dns::parse_mx(record)) all.push_back(std::move(*mx));
    Questions open;
    if (all.empty()) {
        const Addresses own = addresses_of(*name, known, open);
        if (own.some) return SenderMx{HostVerdict::neutral, "no MX record"};
        if (!open.empty()) return open;
        if (own.unheard) return SenderMx{HostVerdict::temperror, "its addresses cannot be had"};
        return SenderMx{HostVerdict::fail, "neither MX record nor address"};
    }
    if (all.size() == 1 && all.front().exchange.empty())
        return SenderMx{HostVerdict::fail, "the domain takes no mail"};
    std::ranges::stable_sort(all, {}, &dns::Mx::preference);
    if (all.size() > most_hosts) all.resize(most_hosts);
    bool some_unheard = false;
    for (const dns::Mx& mx : all) {
        if (mx.exchange.empty()) continue;
        const Addresses its = addresses_of(mx.exchange, known, open);
        if (its.some) return SenderMx{HostVerdict::pass, {}};
        some_unheard |= its.unheard;
    }
    if (!open.empty()) return open;
    if (some_unheard) return SenderMx{HostVerdict::temperror, "addresses of its hosts cannot be had"};
    return SenderMx{HostVerdict::fail, "its MX records lead nowhere"};
}

Needs<HeloCheck> check_helo(std::string_view helo, const settings::Ip& client,
                            const std::vector<std::string>& own_names, const Answers& known) {
    helo = text::trim(helo);
    if (helo.starts_with('[')) {
        std::string_view literal = helo.substr(1);
        if (!literal.ends_with(']')) return HeloCheck{HostVerdict::fail, "no address literal"};
        literal.remove_suffix(1);
        if (text::starts_with_ci(literal, "IPv6:")) literal.remove_prefix(5);
        const auto ip = settings::parse_ip(literal);
        if (!ip) return HeloCheck{HostVerdict::fail, "no address literal"};
        if (*ip == client) return HeloCheck{HostVerdict::pass, {}};
        return HeloCheck{HostVerdict::neutral, "the literal of another address"};
    }
    const auto labels = text::to_alabels(helo);
    const auto name = labels ? dns::canonical_name(*labels) : std::nullopt;
    if (!name || name->empty() || settings::parse_ip(*name))
        return HeloCheck{HostVerdict::fail, "no domain name"};
    for (char c : *name)
        if (!text::is_alpha(c) && !text::is_digit(c) && c != '.' && c != '-' && c != '_')
            return HeloCheck{HostVerdict::fail, "no domain name"};
    for (const std::string& own : own_names)
        if (text::equal_ci(own, *name) && !is_nowhere(client))
            return HeloCheck{HostVerdict::fail, "this server's own name"};
    if (name->find('.') == name->npos) return HeloCheck{HostVerdict::neutral, "a bare name"};
    Questions open;
    const Addresses its = addresses_of(*name, known, open);
    if (its.some) return HeloCheck{HostVerdict::pass, {}};
    if (!open.empty()) return open;
    if (its.unheard) return HeloCheck{HostVerdict::temperror, "its addresses cannot be had"};
    return HeloCheck{HostVerdict::neutral, "a name without an address"};
}

}  // namespace postrider::filter
