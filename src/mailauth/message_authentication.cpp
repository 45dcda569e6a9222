#include "mailauth/message_authentication.h"

#include "mailauth/arc_run.h"
#include "mailauth/auth_results.h"
#include "mailauth/canonical.h"
#include "mailauth/dmarc_run.h"
#include "mailauth/domainkeys_run.h"
#include "mailauth/verification.h"
#include "text/ascii.h"

namespace postrider::mailauth {
namespace {

SpfRequest spf_request(const MessageAuthentication& result, Time now) {
    return {.client = result.client,
            .helo = result.helo,
            .sender = result.reverse_path,
            .host = result.host,
            .now = now};
}

}  // namespace

Needs<MessageAuthentication> check_message(const MessageInput& input, const Crypto& crypto,
                                           const Answers& answers) {
    const Checks& checks = input.checks;
    MessageAuthentication result;
    result.checks = checks;
    result.client = input.client;
    result.helo = input.helo;
    result.reverse_path = input.reverse_path;
    result.host = input.host;

    // All questions first. What one check cannot know yet it asks in the next round.
    Asking dns{answers};
    const FieldIndex index{input.message};
    if (checks.spf) result.spf = input.spf ? *input.spf : check_spf(spf_request(result, input.now), dns);
    std::optional<DkimRun> dkim;
    if (checks.dkim) dkim.emplace(input.message, index, input.now, input.rules, crypto, dns);
    std::optional<ArcRun> arc;
    if (checks.arc) arc.emplace(index, input.rules, crypto, dns);
    std::optional<DomainKeyRun> domainkey;
    if (checks.domainkeys) domainkey.emplace(index, input.rules, crypto, dns);
    if (checks.iprev) result.iprev = check_iprev(input.client, dns);
    std::optional<DmarcRun> dmarc;
    if (checks.dmarc) {
        std::vector<std::string> identifiers;
        if (dkim) identifiers = dkim->candidates();
        if (!result.spf.domain.empty()) identifiers.push_back(result.spf.domain);
        const DmarcInput about{
            .message = input.message, .discovery = input.discovery, .sample = input.sample};
        dmarc.emplace(about, identifiers, dns);
        if (checks.bimi) ask_for_bimi(input.message, dmarc->so_far(), dns);
    }
    if (!dns.complete()) return std::move(dns).missing();

    BodyHashes hashes;
    if (dkim) dkim->want(hashes);
    if (arc) arc->want(hashes);
    const std::string_view body = body_of(input.message);
    if (!hashes.empty()) hashes.run(body, crypto);
    if (dkim) result.dkim = dkim->finish(hashes, index, crypto);
    if (arc) result.arc = arc->finish(hashes, index, crypto);
    if (domainkey) result.domainkey = domainkey->finish(body, index, crypto);
    if (dmarc) result.dmarc = dmarc->finish(result.spf, result.dkim);
    if (checks.bimi) result.bimi = check_bimi(input.message, result.dmarc, result.dkim, dns);
    return result;
}

DkimOutcome dkim_outcome(const std::vector<DkimVerdict>& verdicts) {
    using enum DkimOutcome;
    for (DkimOutcome worst : {pass, temperror, fail, policy, neutral, permerror})
        for (const DkimVerdict& one : verdicts)
            if (one.outcome == worst) return worst;
    return none;
}

}  // namespace postrider::mailauth
