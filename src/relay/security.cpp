#include "relay/security.h"

#include <fmt/format.h>

#include <algorithm>

#include "dns/records.h"
#include "text/ascii.h"
#include "text/hex.h"

namespace postrider::relay {
namespace {

using net::CertificateProblem;
using net::TlsPeer;

constexpr std::size_t max_associations = 64;

/// What the TLSA records of a host say.
struct Dane {
    bool there = false;  ///< validated records exist: TLS is a must
    std::vector<TlsPeer::Association> usable;
    std::vector<std::string> text;
    std::optional<std::string> problem;  ///< RFC 7672 §2.1.1: no answer that can be believed
};

net::Task<Dane> look_up_dane(dns::Resolver& resolver, std::string host, std::uint16_t port) {
    Dane out;
    std::string name = fmt::format("_{}._tcp.{}", port, host);
    const dns::Answer answer = co_await resolver.query(std::move(name), dns::Type::tlsa);
    if (answer.outcome == dns::Outcome::temporary || answer.outcome == dns::Outcome::bogus) {
        out.problem = answer.why;
        co_return out;
    }
    if (answer.outcome != dns::Outcome::found || !answer.secure) co_return out;
    for (const std::string& record : answer.records) {
        const auto tlsa = dns::parse_tlsa(record);
        if (!tlsa) continue;
        out.there = true;
        if (out.text.size() < max_associations)
            out.text.push_back(fmt::format("{} {} {} {}", tlsa->usage, tlsa->selector, tlsa->matching,
                                           text::to_hex(tlsa->data)));
        // RFC 7672 §3.1.3: usages 0 and 1 mean nothing between mail servers.
        const bool known =
            (tlsa->usage == 2 || tlsa->usage == 3) && tlsa->selector <= 1 && tlsa->matching <= 2;
        if (known && out.usable.size() < max_associations)
            out.usable.push_back({tlsa->usage, tlsa->selector, tlsa->matching, tlsa->data});
    }
    co_return out;
}

Trouble unusable(std::string status, std::string text) {
    Trouble trouble;
    trouble.status = std::move(status);
    trouble.text = std::move(text);
    trouble.tls = true;
    return trouble;
}

/// Records of a validated host: the end of CNAMEs first (RFC 7672 §2.2.2), then the name itself.
net::Task<Dane> dane_of(dns::Resolver& resolver, const Host& host, std::uint16_t port, std::string& base) {
    Dane dane;
    if (!host.canonical_name.empty() && host.canonical_name != host.name) {
        dane = co_await look_up_dane(resolver, host.canonical_name, port);
        base = host.canonical_name;
        if (dane.there || dane.problem) co_return dane;
    }
    base = host.name;
    dane = co_await look_up_dane(resolver, host.name, port);
    co_return dane;
}

}  // namespace

bool sts_allows(const StsPolicy& policy, std::string_view host) {
    return std::ranges::any_of(policy.mx, [&](std::string_view pattern) {
        if (text::equal_ci(pattern, host)) return true;
        if (!pattern.starts_with("*.")) return false;
        const std::size_t dot = host.find('.');  // the star stands for exactly one label
        return dot != std::string_view::npos && dot != 0
               && text::equal_ci(host.substr(dot), pattern.substr(1));
    });
}

std::string Security::key() const {
    return fmt::format("{}{}{}{}", static_cast<int>(level), static_cast<int>(expected.check),
                       expected.associations.empty() ? "" : "d", verified ? "v" : "");
}

net::Task<Security> security_of(dns::Resolver& resolver, const DomainSecurity& domain, const Host& host,
                                Wish wish) {
    Security out;
    out.level = domain.policy;
    out.expected.server_name = host.name;
    out.expected.check = TlsPeer::Check::off;
    out.attempt.domain = domain.domain;
    out.attempt.mx_host = host.name;
    if (wish == Wish::deliver_anyhow && !domain.smart_host) {
        // RFC 8689 §5: neither policies of the recipient's domain nor our own hold it up.
        if (out.level != TlsPolicy::none) out.level = TlsPolicy::may;
        co_return out;
    }
    const auto verify = [&] {
        out.level = TlsPolicy::verify;
        out.expected.check = TlsPeer::Check::demand;
        out.verified = true;
    };
    if (domain.policy == TlsPolicy::verify) {
        verify();
        co_return out;
    }
    if (domain.policy == TlsPolicy::none && wish != Wish::require_tls) co_return out;

    const bool may_have_dane = domain.dane && host.secure && (domain.mx_secure || domain.smart_host);
    if (may_have_dane && domain.policy != TlsPolicy::none) {
        std::string base;
        Dane dane = co_await dane_of(resolver, host, domain.port, base);
        if (dane.problem) {
            out.attempt.policy = TlsAttempt::Policy::dane;
            out.unusable = unusable(
                "4.7.5", fmt::format("{}: TLSA records cannot be looked up: {}", host.name, *dane.problem));
            co_return out;
        }
        if (dane.there) {
            out.attempt.policy = TlsAttempt::Policy::dane;
            out.attempt.policy_text = std::move(dane.text);
            out.level = TlsPolicy::encrypt;
            if (!dane.usable.empty()) {
                out.expected.check = TlsPeer::Check::demand;
                out.expected.associations = std::move(dane.usable);
                out.expected.server_name = base;
                if (base != host.name) out.expected.more_names.push_back(host.name);
                if (!domain.smart_host) out.expected.more_names.push_back(domain.domain);  // RFC 7672 §3.2.2
                out.verified = true;
            }
            // RFC 7672 §2.2: with records that nobody can use, TLS is still a must, with anybody.
            if (out.verified || wish != Wish::require_tls) co_return out;
        }
    }
    if (domain.sts.mode != StsPolicy::Mode::none && !domain.smart_host
        && out.attempt.policy != TlsAttempt::Policy::dane) {
        out.attempt.policy = TlsAttempt::Policy::sts;
        out.attempt.mx_patterns = domain.sts.mx;
        out.attempt.policy_text.push_back(domain.sts.text);
        const bool listed = sts_allows(domain.sts, host.name);
        if (domain.sts.mode == StsPolicy::Mode::enforce) {
            if (!listed) {
                out.unusable =
                    unusable("4.7.5", fmt::format("{} is not a host that the MTA-STS policy of {} lists",
                                                  host.name, domain.domain));
                co_return out;
            }
            verify();
            co_return out;
        }
        out.expected.check = TlsPeer::Check::note;  // testing: reported, and nothing else
    }
    // RFC 8689 §4.2.1: the host's name must be beyond doubt (DNSSEC or MTA-STS), and so must its certificate.
    if (wish == Wish::require_tls) {
        if (!domain.mx_secure && !domain.smart_host) {
            out.unusable =
                unusable("5.7.30", fmt::format("REQUIRETLS: nothing vouches for {} as a mail host of "
                                               "{} (neither DNSSEC nor an MTA-STS policy)",
                                               host.name, domain.domain));
            co_return out;
        }
        verify();
    }
    co_return out;
}

std::string_view tls_result(const Security& security, net::CertificateProblem problem) {
    switch (problem) {
        case CertificateProblem::none: return "validation-failure";
        case CertificateProblem::host_name: return "certificate-host-mismatch";
        case CertificateProblem::expired: return "certificate-expired";
        case CertificateProblem::not_trusted: return "certificate-not-trusted";
        case CertificateProblem::no_match: return "validation-failure";
        case CertificateProblem::other: break;
    }
    return security.attempt.policy == TlsAttempt::Policy::sts ? "sts-webpki-invalid" : "validation-failure";
}

}  // namespace postrider::relay
