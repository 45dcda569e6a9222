#include "mailauth/dmarc.h"

#include <libpsl.h>

#include <algorithm>

#include "dns/records.h"
#include "mailauth/dmarc_run.h"
#include "mailauth/signature.h"
#include "mime/address_list.h"
#include "mime/header.h"
#include "text/ascii.h"

namespace postrider::mailauth {
namespace {

FoundPolicy policy_at(const std::string& domain, Asking& dns) {
    FoundPolicy found;
    const dns::Answer& answer = dns.ask("_dmarc." + domain, dns::Type::txt);
    found.temporary = answer.outcome == dns::Outcome::temporary || answer.outcome == dns::Outcome::bogus;
    std::size_t count = 0;
    for (const std::string& rdata : answer.records) {
        auto text = dns::parse_txt(rdata);
        auto record = text ? parse_dmarc(*text) : std::nullopt;
        if (!record) continue;
        ++count;
        found.record = std::move(record);
    }
    if (count > 1) found.record.reset();  // §4.10 step 2: then all are discarded
    return found;
}

std::string_view parent(std::string_view domain) {
    const std::size_t dot = domain.find('.');
    return dot == std::string_view::npos ? std::string_view{} : domain.substr(dot + 1);
}

DmarcPolicy one_less(DmarcPolicy policy) {
    return policy == DmarcPolicy::reject ? DmarcPolicy::quarantine : DmarcPolicy::none;
}

}  // namespace

std::string_view word(DmarcOutcome outcome) {
    constexpr std::string_view words[] = {"none", "pass", "fail", "temperror", "permerror"};
    return words[static_cast<std::size_t>(outcome)];
}

std::optional<std::string> author_domain(std::string_view message, std::string* why) {
    auto wrong = [&](std::string_view problem) {
        if (why != nullptr) *why = problem;
        return std::nullopt;
    };
    const auto fields = mime::find_fields(message, "From", 2);
    if (fields.empty()) return wrong("there is no From");
    if (fields.size() > 1) return wrong("there is more than one From");
    std::optional<std::string> domain;
    mime::AddressReader reader{fields[0]};
    std::size_t addresses = 0;
    for (auto item = reader.next(); item != mime::AddressReader::Item::end; item = reader.next()) {
        if (item != mime::AddressReader::Item::mailbox || (reader.local.empty() && reader.domain.empty()))
            continue;
        if (++addresses > 100) return wrong("there are too many authors");
        auto one = signing_domain(reader.domain);
        if (!one) return wrong("an author has no domain");
        if (domain && *domain != *one) return wrong("the authors are of several domains");
        domain = std::move(one);
    }
    if (!domain) return wrong("there is no author");
    return domain;
}

std::string organization_by_suffix(std::string_view domain) {
    const std::string zero_ended{domain};
    const char* found = psl_registrable_domain(psl_builtin(), zero_ended.c_str());
    return found == nullptr ? zero_ended : std::string{found};
}

TreeWalk::TreeWalk(const std::string& domain, Asking& dns) : organization{domain} {
    std::size_t labels = 1 + static_cast<std::size_t>(std::count(domain.begin(), domain.end(), '.'));
    for (std::string_view name = domain; !name.empty();) {
        steps.push_back({std::string{name}, policy_at(std::string{name}, dns)});
        do {  // step 4: from 8 labels on, the next name has 7
            name = parent(name);
            --labels;
        } while (labels > 7);
    }
    for (const Step& step : steps) {
        temporary = temporary || step.found.temporary;
        if (!step.found.record) continue;
        const DmarcRecord::Psd psd = step.found.record->psd;
        if (psd == DmarcRecord::Psd::no) {
            organization = step.domain;
            return;
        }
        if (psd == DmarcRecord::Psd::yes && step.domain != domain) {
            // One label below, of the name that the walk began with.
            std::string_view name = domain;
            while (parent(name) != step.domain) name = parent(name);
            organization = name;
            return;
        }
        if (psd == DmarcRecord::Psd::yes) return;  // the walk stops where it began
        organization = step.domain;
    }
}

const DmarcRecord* TreeWalk::at(std::string_view domain) const {
    for (const Step& step : steps)
        if (step.domain == domain && step.found.record) return &*step.found.record;
    return nullptr;
}

void DmarcRun::take(const std::string& domain, const DmarcRecord& record) {
    result_.policy_domain = domain;
    result_.record = record;
}

void DmarcRun::find_by_walk(Asking& dns) {
    const TreeWalk walk{result_.from_domain, dns};
    result_.organization = walk.organization;
    temporary_ = walk.temporary;
    if (const DmarcRecord* own = walk.at(result_.from_domain)) return take(result_.from_domain, *own);
    if (walk.temporary) {
        result_.outcome = DmarcOutcome::temperror;
        return;
    }
    if (const DmarcRecord* record = walk.at(walk.organization)) return take(walk.organization, *record);
    const std::string above{parent(walk.organization)};  // §4.10.1: the public suffix's comes last
    if (const DmarcRecord* record = walk.at(above); record != nullptr && record->psd == DmarcRecord::Psd::yes)
        take(above, *record);
}

void DmarcRun::find_by_suffix(Asking& dns) {
    result_.organization = organization_by_suffix(result_.from_domain);
    const FoundPolicy own = policy_at(result_.from_domain, dns);
    const FoundPolicy of_organization = policy_at(result_.organization, dns);
    if (own.record) return take(result_.from_domain, *own.record);
    if (own.temporary || of_organization.temporary)
        result_.outcome = DmarcOutcome::temperror;
    else if (of_organization.record)
        take(result_.organization, *of_organization.record);
}

std::string DmarcRun::organization_of(const std::string& domain, Asking& dns) {
    if (result_.discovery == Discovery::public_suffix) return organization_by_suffix(domain);
    const TreeWalk walk{domain, dns};
    temporary_ = temporary_ || walk.temporary;
    return walk.organization;
}

DmarcRun::DmarcRun(const DmarcInput& input, const std::vector<std::string>& identifiers, Asking& dns)
    : sample_{input.sample} {
    result_.discovery = input.discovery;
    auto author = author_domain(input.message, &result_.problem);
    if (!author) {
        result_.outcome = DmarcOutcome::permerror;
        return;
    }
    result_.from_domain = std::move(*author);
    if (input.discovery == Discovery::tree_walk)
        find_by_walk(dns);
    else
        find_by_suffix(dns);
    if (result_.outcome == DmarcOutcome::temperror) result_.problem = "no answer from the DNS for the policy";
    if (result_.policy_domain.empty()) return;
    if (result_.policy_domain != result_.from_domain && result_.record.np) {
        const dns::Answer& exists = dns.ask(result_.from_domain, dns::Type::a);
        absent_author_ = exists.outcome == dns::Outcome::no_name;
    }
    for (const std::string& domain : identifiers) {
        // An organization is the domain itself or above it, so others cannot be aligned.
        if (domain == result_.from_domain || !within_domain(domain, result_.organization)) continue;
        if (organizations_.contains(domain) || organizations_.size() == 20) continue;
        organizations_[domain] = organization_of(domain, dns);
    }
}

bool DmarcRun::aligned(const std::string& domain, bool strict) const {
    if (domain == result_.from_domain) return true;
    if (strict) return false;
    auto at = organizations_.find(domain);
    return at != organizations_.end() && at->second == result_.organization;
}

DmarcResult DmarcRun::finish(const SpfResult& spf, const std::vector<DkimVerdict>& dkim) {
    if (result_.outcome != DmarcOutcome::none || result_.policy_domain.empty()) return std::move(result_);
    const DmarcRecord& record = result_.record;
    result_.spf_aligned = spf.outcome == SpfOutcome::pass && aligned(spf.domain, record.strict_spf);
    bool unsure = spf.outcome == SpfOutcome::temperror && aligned(spf.domain, record.strict_spf);
    for (const DkimVerdict& one : dkim) {
        if (one.outcome != DkimOutcome::pass && one.outcome != DkimOutcome::temperror) continue;
        if (!aligned(one.domain, record.strict_dkim)) continue;
        if (one.outcome == DkimOutcome::pass)
            result_.dkim_aligned = true;
        else
            unsure = true;
    }
    if (result_.spf_aligned || result_.dkim_aligned) {
        result_.outcome = DmarcOutcome::pass;
        return std::move(result_);
    }
    if (unsure || temporary_) {  // §5.3.6: with DNS errors it neither passes nor fails
        result_.outcome = DmarcOutcome::temperror;
        result_.problem = "no answer from the DNS for what might have passed";
        return std::move(result_);
    }
    result_.outcome = DmarcOutcome::fail;
    DmarcPolicy policy = record.p;
    if (result_.policy_domain != result_.from_domain) {
        policy = record.sp.value_or(record.p);
        if (absent_author_ && record.np) policy = *record.np;
    }
    result_.requested = policy;
    if ((record.testing || sample_ >= record.percent) && policy != DmarcPolicy::none) {
        result_.requested = one_less(policy);
        result_.relieved = true;
    }
    return std::move(result_);
}

Needs<DmarcResult> check_dmarc(const DmarcInput& input, const SpfResult& spf,
                               const std::vector<DkimVerdict>& dkim, const Answers& answers) {
    Asking dns{answers};
    std::vector<std::string> identifiers;
    if (spf.outcome == SpfOutcome::pass || spf.outcome == SpfOutcome::temperror)
        identifiers.push_back(spf.domain);
    for (const DkimVerdict& one : dkim)
        if (one.outcome == DkimOutcome::pass || one.outcome == DkimOutcome::temperror)
            identifiers.push_back(one.domain);
    DmarcRun run{input, identifiers, dns};
    if (!dns.complete()) return std::move(dns).missing();
    return run.finish(spf, dkim);
}

}  // namespace postrider::mailauth
