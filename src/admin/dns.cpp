// Questions to the DNS, as the server itself asks them.

#include <fmt/core.h>

#include <algorithm>

#include "admin/chapters.h"
#include "admin/dkim.h"
#include "admin/lookup.h"
#include "dns/names.h"
#include "dns/types.h"
#include "text/idna.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;

Result query(Context& context, const Arguments& arguments, const Progress&) {
    const auto type = dns::type_of(arguments.text("type"));
    if (!type)
        return fail(Kind::bad_value,
                    fmt::format("'{}' is not one of A, AAAA, CNAME, MX, NS, PTR, SRV, TLSA and TXT",
                                arguments.text("type")));
    std::string name = arguments.text("name");
    if (*type == dns::Type::ptr)
        if (auto reverse = dns::reverse_name(name)) name = *reverse;
    const auto known = dns::canonical_name(name);
    if (!known) return fail(Kind::bad_value, fmt::format("'{}' is not a name", name));
    if (!context.resolver) return fail(Kind::not_running, "There is no resolver here");

    const dns::Answer answer = context.resolver->ask(*known, *type);
    Json records = Json::array();
    for (const std::string& record : answer.records) records.push_back(dns::present(*type, record));
    Json out{{"name", *known},
             {"type", dns::word(*type)},
             {"outcome", dns::word(answer.outcome)},
             {"records", std::move(records)},
             {"secure", answer.secure},
             {"ttl", answer.ttl.count()}};
    if (!answer.canonical_name.empty()) out["canonical_name"] = answer.canonical_name;
    if (!answer.why.empty()) out["why"] = answer.why;
    return out;
}

Result flush(Context& context, const Arguments&, const Progress&) {
    if (context.resolver) context.resolver->flush();
    return done();
}

Result servers(Context& context, const Arguments&, const Progress&) {
    Json rows = Json::array();
    if (context.resolver) {
        const auto all = context.resolver->servers();
        for (const dns::ServerState& one : all)
            rows.push_back(
                Json{{"server", one.address.empty() ? "the Internet's, from the root on" : one.address},
                     {"priority", one.priority},
                     {"answers", one.answers},
                     {"validates", one.validates}});
    }
    return Json{{"servers", std::move(rows)}};
}

/// What people paste into a zone, and what stands there.
Json row_of(const RecordCheck& check) {
    Json found = Json::array();
    for (const std::string& one : check.found) found.push_back(one);
    return Json{{"record", check.what},
                {"status", word(check.status)},
                {"publish", check.publish},
                {"found", std::move(found)},
                {"note", check.note}};
}

Result check(Context& context, const Arguments& arguments, const Progress&) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    if (!context.resolver || !context.identity) return fail(Kind::not_running, "There is no resolver here");
    const auto ascii = text::to_alabels((*domain)->name);
    const auto name = ascii ? dns::canonical_name(*ascii) : std::nullopt;
    if (!name)
        return fail(Kind::bad_value,
                    fmt::format("{} is not a name that the DNS could have", (*domain)->name));
    const Identity us = context.identity();
    auto checks = check_domain(*context.resolver, us, *name, context.clock.now());
    const auto spf = std::ranges::find(checks, "SPF", &RecordCheck::what);
    auto keys = check_keys(context.signer, *context.resolver, *name);
    checks.insert(spf == checks.end() ? spf : std::next(spf), std::make_move_iterator(keys.begin()),
                  std::make_move_iterator(keys.end()));
    Json rows = Json::array();
    bool all = true;
    for (const RecordCheck& one : checks) {
        all = all && one.status == RecordCheck::Status::ok;
        rows.push_back(row_of(one));
    }
    return Json{{"domain", *name}, {"host", us.host}, {"complete", all}, {"records", std::move(rows)}};
}

constexpr Argument domain_arguments[] = {{"domain", Type::text, "One of this server's domains", true}};
constexpr Argument query_arguments[] = {
    {"type", Type::text, "A, AAAA, CNAME, MX, NS, PTR, SRV, TLSA or TXT", true},
    {"name", Type::text, "The name; for PTR an address will do", true}};

constexpr Operation operations[] = {
    {"dns check",
     "Show every record that a domain should have in the DNS, the line to publish, and what is there now: "
     "MX, the "
     "server's addresses and their names, SPF, DKIM, DMARC, MTA-STS and its policy, TLS-RPT, SRV for mail "
     "programs, TLSA. The "
     "status is ok, missing, differs, multiple (where one only may be) or unknown (it cannot be told from "
     "here)",
     domain_arguments, check, false, true},
    {"dns query", "Ask the DNS as the server does, through its cache", query_arguments, query},
    {"dns flush", "Forget all answers of the DNS", {}, flush, false, true},
    {"dns servers",
     "List the name servers, which of them answer, and whether their answers are validated",
     {},
     servers},
};

}  // namespace

Chapter dns_chapter() {
    return {"dns", "Questions to the DNS", operations};
}

}  // namespace postrider::admin
