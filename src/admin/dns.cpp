// Questions to the DNS, as the server itself asks them.

#include <fmt/core.h>

#include "admin/chapters.h"
#include "admin/lookup.h"
#include "dns/names.h"
#include "dns/types.h"

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

constexpr Argument query_arguments[] = {
    {"type", Type::text, "A, AAAA, CNAME, MX, NS, PTR, SRV, TLSA or TXT", true},
    {"name", Type::text, "The name; for PTR an address will do", true}};

constexpr Operation operations[] = {
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
