#include "mailauth/bimi.h"

#include "dns/names.h"
#include "dns/records.h"
#include "mailauth/signature.h"
#include "mailauth/tag_list.h"
#include "mime/header.h"
#include "text/ascii.h"

namespace postrider::mailauth {
namespace {

/// "v=BIMI1; s=selector" of the header; "" if there is none that can be used.
std::string selector_of(std::string_view message) {
    auto value = mime::find_field(message, "BIMI-Selector");
    if (!value) return "";
    const std::string text = mime::unfold(*value);
    auto tags = TagList::parse(text);
    if (!tags || tags->find("v") != "BIMI1") return "";
    auto s = tags->find("s");
    return s ? signing_selector(*s).value_or("") : "";
}

bool selector_signed(const DmarcResult& dmarc, const std::vector<DkimVerdict>& dkim) {
    for (const DkimVerdict& one : dkim) {
        const bool aligned = within_domain(one.domain, dmarc.organization) || one.domain == dmarc.from_domain;
        if (one.outcome != DkimOutcome::pass || !aligned) continue;
        for (const std::string& name : one.signed_fields)
            if (name == "bimi-selector") return true;
    }
    return false;
}

const dns::Answer& record_at(const std::string& selector, const std::string& domain, Asking& dns) {
    return dns.ask(selector + "._bimi." + domain, dns::Type::txt);
}

bool https(std::string_view uri) {
    if (!text::starts_with_ci(uri, "https://") || uri.size() > 1000) return false;
    for (char c : uri)
        if (c <= ' ' || c > '~') return false;
    return true;
}

/// What one record says; nothing if it is not one of this version.
std::optional<BimiResult> read(std::string_view text) {
    auto tags = TagList::parse(text);
    if (!tags || tags->first_name() != "v" || tags->find("v") != "BIMI1") return std::nullopt;
    BimiResult result;
    const std::string_view location = tags->find("l").value_or("");
    const std::string_view authority = tags->find("a").value_or("");
    result.outcome = BimiOutcome::fail;
    if (location.empty() && authority.empty()) {
        result.outcome = BimiOutcome::declined;
    } else if (location.empty() || !https(location)) {
        result.problem = "l= is no https URI";
    } else if (!authority.empty() && !https(authority)) {
        result.problem = "a= is no https URI";
    } else {
        result.outcome = BimiOutcome::pass;
        result.location = location;
        result.authority = authority;
    }
    return result;
}

}  // namespace

std::string_view word(BimiOutcome outcome) {
    constexpr std::string_view words[] = {"none", "pass", "declined", "skipped", "fail", "temperror"};
    return words[static_cast<std::size_t>(outcome)];
}

bool enforces(const DmarcResult& dmarc) {
    if (dmarc.policy_domain.empty()) return false;
    const DmarcRecord& record = dmarc.record;
    if (record.testing || record.percent < 100 || record.p == DmarcPolicy::none) return false;
    return record.sp.value_or(record.p) != DmarcPolicy::none;
}

void ask_for_bimi(std::string_view message, const DmarcResult& dmarc, Asking& dns) {
    if (!enforces(dmarc)) return;
    std::vector<std::string> selectors = {"default"};
    if (auto named = selector_of(message); !named.empty()) selectors.push_back(std::move(named));
    for (const std::string& selector : selectors) {
        record_at(selector, dmarc.from_domain, dns);
        record_at(selector, dmarc.organization, dns);
    }
}

BimiResult check_bimi(std::string_view message, const DmarcResult& dmarc,
                      const std::vector<DkimVerdict>& dkim, Asking& dns) {
    BimiResult result;
    if (dmarc.outcome != DmarcOutcome::pass || !enforces(dmarc)) {
        result.problem =
            dmarc.outcome == DmarcOutcome::pass ? "the policy does not enforce" : "DMARC did not pass";
        return result;
    }
    result.outcome = BimiOutcome::none;
    result.selector = selector_of(message);
    if (result.selector.empty() || !selector_signed(dmarc, dkim)) result.selector = "default";
    for (const std::string& domain : {dmarc.from_domain, dmarc.organization}) {
        const dns::Answer& answer = record_at(result.selector, domain, dns);
        if (answer.outcome == dns::Outcome::temporary || answer.outcome == dns::Outcome::bogus) {
            result.outcome = BimiOutcome::temperror;
            return result;
        }
        std::optional<BimiResult> found;
        std::size_t count = 0;
        for (const std::string& rdata : answer.records) {
            auto text = dns::parse_txt(rdata);
            auto one = text ? read(*text) : std::nullopt;
            if (one && ++count == 1) found = std::move(one);
        }
        if (count == 1) {
            found->domain = domain;
            found->selector = result.selector;
            return std::move(*found);
        }
    }
    return result;
}

}  // namespace postrider::mailauth
