#include "admin/dns_check.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <algorithm>

#include "dns/names.h"
#include "dns/records.h"
#include "dns/types.h"
#include "relay/sts_policy.h"
#include "relay/tls_report.h"
#include "settings/address.h"

namespace postrider::admin {
namespace {

using dns::Answer;
using dns::Outcome;
using dns::Type;
using Status = RecordCheck::Status;

bool answered(const Answer& answer) {
    return answer.outcome != Outcome::temporary && answer.outcome != Outcome::bogus;
}

/// Loopback, link-local and private addresses (RFC 1918, RFC 4193, RFC 6598): nobody outside reaches them.
bool is_private(const std::string& ip) {
    static const auto sets = [] {
        std::vector<settings::IpSet> out;
        for (const char* text : {"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                                 "169.254.0.0/16", "100.64.0.0/10", "::1", "fe80::/10", "fc00::/7"})
            out.push_back(*settings::parse_ip_set(text));
        return out;
    }();
    const auto parsed = settings::parse_ip(ip);
    return !parsed || std::ranges::any_of(sets, [&](const settings::IpSet& set) { return set.has(*parsed); });
}

bool contains(const std::vector<std::string>& all, std::string_view one) {
    return std::ranges::find(all, one) != all.end();
}

std::vector<std::string> texts(const Answer& answer) {
    std::vector<std::string> out;
    for (const std::string& record : answer.records)
        if (auto text = dns::parse_txt(record)) out.push_back(std::move(*text));
    return out;
}

/// As a zone file has it; texts above 255 octets are several strings there.
std::string quoted(std::string_view text) {
    return fmt::format("\"{}\"", text);
}

class Check {
public:
    Check(dns::Resolver& resolver, const Identity& us, const std::string& domain, Time now)
        : resolver_{resolver}, us_{us}, domain_{domain}, now_{now} {}

    std::vector<RecordCheck> run() {
        mx();
        addresses();
        reverse_names();
        spf();
        dmarc();
        sts();
        tls_report();
        services();
        tlsa();
        return std::move(rows_);
    }

private:
    /// A row with what was found; false when the DNS did not answer, which the row then says.
    bool ask(RecordCheck& row, const std::string& name, Type type, Answer& answer) {
        answer = resolver_.ask(name, type);
        for (const std::string& record : answer.records) row.found.push_back(dns::present(type, record));
        row.status = answer.records.empty() ? Status::missing : Status::differs;
        if (answered(answer)) return true;
        row.status = Status::unknown;
        row.note = answer.why;
        return false;
    }

    void add(RecordCheck row) { rows_.push_back(std::move(row)); }

    void mx() {
        RecordCheck row{"MX", fmt::format("{}. MX 10 {}.", domain_, us_.host), {}, {}, {}};
        Answer answer;
        if (ask(row, domain_, Type::mx, answer))
            for (const std::string& record : answer.records)
                if (auto mx = dns::parse_mx(record); mx && mx->exchange == us_.host) row.status = Status::ok;
        if (row.status == Status::ok && answer.records.size() > 1) row.note = "there are other hosts too";
        mx_secure_ = answer.secure;
        add(std::move(row));
    }

    void addresses() {
        Answer answers[2];
        const Type types[2] = {Type::a, Type::aaaa};
        RecordCheck rows[2];
        for (int i = 0; i < 2; ++i) {
            rows[i].what = dns::word(types[i]);
            if (!ask(rows[i], us_.host, types[i], answers[i])) continue;
            for (const std::string& record : answers[i].records)
                if (auto address = dns::parse_address(record)) host_addresses_.push_back(*address);
        }
        for (int i = 0; i < 2; ++i) {
            std::vector<std::string> ours;
            for (const std::string& one : us_.addresses)
                if ((one.find(':') != std::string::npos) == (i == 1) && !is_private(one)) ours.push_back(one);
            judge(rows[i], types[i], ours);
            // Nobody needs IPv6 who has none, nor IPv4 who is reached by IPv6.
            if (ours.empty() && rows[i].found.empty() && (i == 1 || !host_addresses_.empty())) continue;
            add(std::move(rows[i]));
        }
    }

    void judge(RecordCheck& row, Type type, const std::vector<std::string>& ours) {
        if (!ours.empty()) row.publish = fmt::format("{}. {} {}", us_.host, dns::word(type), ours.front());
        if (row.status == Status::unknown || row.found.empty()) return;
        std::vector<std::string> foreign;
        for (const std::string& one : row.found)
            if (!contains(us_.addresses, one)) foreign.push_back(one);
        if (foreign.empty()) {
            row.status = Status::ok;
            if (std::ranges::any_of(row.found, is_private))
                row.note = "nobody outside of this network reaches it";
        } else if (ours.empty()) {
            row.status = Status::unknown;
            row.note =
                "this machine has private addresses only, so it cannot tell whether that is its way in";
        } else {
            row.note = fmt::format("{} is not an address of this machine", foreign.front());
        }
    }

    /// Many servers take no mail from a host whose address has another name.
    void reverse_names() {
        for (const std::string& address : host_addresses_) {
            const auto name = dns::reverse_name(address);
            if (!name) continue;
            RecordCheck row{"PTR", fmt::format("{}. PTR {}.", *name, us_.host), {}, {}, {}};
            Answer answer;
            if (ask(row, *name, Type::ptr, answer)) {
                for (const std::string& record : answer.records)
                    if (dns::parse_name(record) == us_.host) row.status = Status::ok;
                if (row.status != Status::ok) row.note = "whoever gave you the address can set this";
            }
            add(std::move(row));
        }
    }

    /// Of the texts at a name those that begin so: ok (to be looked at closer), missing or multiple.
    bool one_text(RecordCheck& row, const std::string& name, std::string_view beginning, std::string& text) {
        Answer answer;
        const bool known = ask(row, name, Type::txt, answer);
        row.found.clear();
        if (!known) return false;
        for (std::string& one : texts(answer)) {
            if (!one.starts_with(beginning)) continue;
            row.found.push_back(quoted(one));
            text = std::move(one);
        }
        row.status = row.found.empty()      ? Status::missing
                     : row.found.size() > 1 ? Status::multiple
                                            : Status::ok;
        if (row.status == Status::multiple) row.note = "with more than one, none counts";
        return row.status == Status::ok;
    }

    void spf() {
        RecordCheck row{"SPF", fmt::format("{}. TXT {}", domain_, quoted("v=spf1 mx -all")), {}, {}, {}};
        std::string text;
        if (one_text(row, domain_, "v=spf1", text)) row.status = spf_lets_us(text, us_, domain_, row.note);
        add(std::move(row));
    }

    void dmarc() {
        RecordCheck row{
            "DMARC",
            fmt::format("_dmarc.{}. TXT {}", domain_,
                        quoted(fmt::format("v=DMARC1; p=quarantine; rua=mailto:postmaster@{}", domain_))),
            {},
            {},
            {}};
        std::string text;
        if (one_text(row, "_dmarc." + domain_, "v=DMARC1", text)) {
            const bool has_policy = std::ranges::any_of(
                std::initializer_list<std::string_view>{"p=none", "p=quarantine", "p=reject"},
                [&](std::string_view policy) { return text.find(policy) != std::string::npos; });
            if (!has_policy) {
                row.status = Status::differs;
                row.note = "it has no policy (p=)";
            }
        }
        add(std::move(row));
    }

    void sts() {
        const std::string id =
            fmt::format("{:%Y%m%d%H%M%S}", fmt::gmtime(std::chrono::system_clock::to_time_t(now_)));
        RecordCheck row{"MTA-STS",
                        fmt::format("_mta-sts.{}. TXT {}", domain_, quoted("v=STSv1; id=" + id + ";")),
                        {},
                        {},
                        {}};
        std::string text;
        if (one_text(row, "_mta-sts." + domain_, "v=STSv1", text)) {
            const std::string one[] = {text};
            if (!relay::sts_id(one)) {
                row.status = Status::differs;
                row.note = "it is not understood";
            }
        }
        const bool published = row.status == Status::ok;
        add(std::move(row));
        RecordCheck policy{
            "MTA-STS policy",
            fmt::format("https://mta-sts.{}/.well-known/mta-sts.txt: version: STSv1, mode: enforce, "
                        "mx: {}, max_age: 604800",
                        domain_, us_.host),
            {},
            Status::missing,
            {}};
        if (published && us_.sts_policy) {
            const auto fetched = us_.sts_policy(domain_);
            policy.note = fetched.problem;
            policy.status = Status::differs;
            policy.found = fetched.mx;
            if (fetched.problem.empty()) judge(policy, fetched);
        }
        add(std::move(policy));
    }

    void judge(RecordCheck& row, const Identity::FetchedPolicy& policy) {
        const bool listed = std::ranges::any_of(policy.mx, [&](const std::string& pattern) {
            if (!pattern.starts_with("*.")) return pattern == us_.host;
            const std::size_t dot = us_.host.find('.');
            return dot != std::string::npos && us_.host.substr(dot + 1) == pattern.substr(2);
        });
        row.note = "mode " + policy.mode;
        if (listed || policy.mode == "none") row.status = Status::ok;
        if (!listed && policy.mode != "none")
            row.note += fmt::format("; {} is not among its hosts", us_.host);
    }

    void tls_report() {
        RecordCheck row{"TLS-RPT",
                        fmt::format("_smtp._tls.{}. TXT {}", domain_,
                                    quoted(fmt::format("v=TLSRPTv1; rua=mailto:postmaster@{}", domain_))),
                        {},
                        {},
                        {}};
        std::string text;
        if (one_text(row, "_smtp._tls." + domain_, "v=TLSRPTv1", text)) {
            const std::string one[] = {text};
            if (relay::report_addresses(one).empty()) {
                row.status = Status::differs;
                row.note = "it names no address that reports could go to";
            }
        }
        add(std::move(row));
    }

    void services() {
        for (const Identity::Port& one : us_.services) {
            const std::string name = fmt::format("{}._tcp.{}", one.service, domain_);
            RecordCheck row{"SRV", fmt::format("{}. SRV 0 1 {} {}.", name, one.port, us_.host), {}, {}, {}};
            Answer answer;
            if (ask(row, name, Type::srv, answer))
                for (const std::string& record : answer.records)
                    if (auto srv = dns::parse_srv(record);
                        srv && srv->target == us_.host && srv->port == one.port)
                        row.status = Status::ok;
            add(std::move(row));
        }
    }

    void tlsa() {
        if (us_.key_digests.empty()) return;
        const std::string name = "_25._tcp." + us_.host;
        RecordCheck row{"TLSA", fmt::format("{}. TLSA 3 1 1 {}", name, us_.key_digests.front()), {}, {}, {}};
        Answer answer;
        if (ask(row, name, Type::tlsa, answer)) {
            for (const std::string& found : row.found)
                for (const std::string& digest : us_.key_digests)
                    if (found == "3 1 1 " + digest) row.status = Status::ok;
            if (row.status == Status::ok && !answer.secure)
                row.note = "without DNSSEC it has no effect";
            else if (row.status == Status::missing)
                row.note = mx_secure_ ? "" : "only of use in a zone with DNSSEC";
            else if (row.status == Status::differs)
                row.note = "senders that check it cannot deliver";
        }
        add(std::move(row));
    }

    dns::Resolver& resolver_;
    const Identity& us_;
    const std::string& domain_;
    Time now_;
    bool mx_secure_ = false;
    std::vector<std::string> host_addresses_;
    std::vector<RecordCheck> rows_;
};

}  // namespace

std::string_view word(RecordCheck::Status status) {
    switch (status) {
        case Status::ok: return "ok";
        case Status::missing: return "missing";
        case Status::differs: return "differs";
        case Status::multiple: return "multiple";
        case Status::unknown: return "unknown";
    }
    return "";
}

Status spf_lets_us(std::string_view record, const Identity& us, const std::string& domain,
                   std::string& note) {
    bool elsewhere = false;
    std::string_view rest = record.substr(std::min<std::size_t>(record.size(), 6));
    while (!rest.empty()) {
        const std::string_view term = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(rest.size(), term.size() + 1));
        const std::string_view mechanism = term.starts_with('+') ? term.substr(1) : term;
        if (mechanism == "all") {
            note = "it lets everybody send";
            return Status::differs;
        }
        if (mechanism == "mx" || mechanism == "mx:" + domain || mechanism == "a:" + us.host
            || (mechanism == "a" && domain == us.host))
            return Status::ok;
        if (mechanism.starts_with("ip4:") || mechanism.starts_with("ip6:")) {
            const auto set = settings::parse_ip_set(mechanism.substr(4));
            for (const std::string& address : us.addresses)
                if (auto ip = settings::parse_ip(address); ip && set && set->has(*ip)) return Status::ok;
        }
        elsewhere = elsewhere || mechanism.starts_with("include:") || mechanism.starts_with("redirect=")
                    || mechanism.starts_with("exists:") || mechanism.starts_with("mx:")
                    || mechanism.starts_with("a");
    }
    note =
        elsewhere ? "whether it names this server depends on other records" : "it does not name this server";
    return elsewhere ? Status::unknown : Status::differs;
}

std::vector<RecordCheck> check_domain(dns::Resolver& resolver, const Identity& us, const std::string& domain,
                                      Time now) {
    return Check{resolver, us, domain, now}.run();
}

}  // namespace postrider::admin
