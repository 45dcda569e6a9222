#include "mailauth/dkim.h"
#include "mailauth/verification.h"
#include "text/ascii.h"

namespace postrider::mailauth {
namespace {

/// What is shown of an identity: printable, and not without end.
std::string shown(std::string_view text) {
    std::string out;
    for (char c : text.substr(0, 320)) out += (c >= 0 && c <= ' ') || c == 127 ? '_' : c;
    return out;
}

}  // namespace

std::string_view body_of(std::string_view message) {
    return message.substr(mime::header_size(message));
}

std::string_view word(DkimOutcome outcome) {
    constexpr std::string_view words[] = {"none",    "pass",      "fail",     "policy",
                                          "neutral", "temperror", "permerror"};
    return words[static_cast<std::size_t>(outcome)];
}

DkimRun::DkimRun(std::string_view, const FieldIndex& index, Time now, const DkimRules& rules,
                 const Crypto& crypto, Asking& dns) {
    const auto seconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
    for (const mime::Field& field : index.fields()) {
        if (!text::equal_ci(field.name, "DKIM-Signature")) continue;
        if (all_.size() == rules.max_signatures) break;
        One& one = all_.emplace_back();
        one.field = field.bytes;
        auto parsed = parse_signature(field.value, SignatureKind::dkim, rules);
        one.signature = parsed ? std::move(*parsed) : std::move(parsed.error().known);
        DkimVerdict& verdict = one.verdict;
        verdict.domain = one.signature.domain;
        verdict.selector = one.signature.selector;
        verdict.algorithm = shown(one.signature.algorithm);
        verdict.signature_begin = shown(one.signature.signature_begin);
        verdict.identity =
            shown(one.signature.identity.empty() ? "@" + verdict.domain : one.signature.identity);
        for (std::string_view name : one.signature.names)
            verdict.signed_fields.push_back(text::to_lower(name));
        if (!parsed) {
            verdict.outcome = parsed.error().outcome;
            verdict.problem = std::move(parsed.error().problem);
            continue;
        }
        if (index.overflowed()) {
            verdict.outcome = DkimOutcome::permerror;
            verdict.problem = "the message has too many fields";
            continue;
        }
        if (one.signature.expires && *one.signature.expires < seconds) {
            verdict.outcome = DkimOutcome::policy;
            verdict.problem = "the signature has expired";
            continue;
        }
        one.key = find_key(verdict.selector, verdict.domain, one.signature.key_type, one.signature.hash,
                           rules, crypto, dns);
        verdict.testing = one.key.record.testing;
        if (one.key.key) verdict.key_bits = one.key.key->bits();
        if (one.key.outcome != DkimOutcome::pass) {
            verdict.outcome = one.key.outcome;
            verdict.problem = one.key.problem;
            continue;
        }
        const std::string_view identity = verdict.identity;
        const std::string identity_domain = text::to_lower(identity.substr(identity.rfind('@') + 1));
        if (one.key.record.strict_identity && identity_domain != verdict.domain) {  // §3.6.1 t=s
            verdict.outcome = DkimOutcome::permerror;
            verdict.problem = "the key does not let i= be of a subdomain";
        } else if (rules.historic && !granted(one.key.record, identity)) {
            verdict.outcome = DkimOutcome::permerror;
            verdict.problem = "the key is not for this identity";
        } else {
            one.open = true;
        }
    }
}

std::vector<std::string> DkimRun::candidates() const {
    std::vector<std::string> domains;
    for (const One& one : all_)
        if (one.open || one.verdict.outcome == DkimOutcome::temperror) domains.push_back(one.verdict.domain);
    return domains;
}

void DkimRun::want(BodyHashes& hashes) {
    for (One& one : all_)
        if (one.open)
            one.hash = hashes.want(one.signature.body_canon, one.signature.hash, one.signature.length);
}

std::string compare(const Signature& signature, std::string_view field, const FieldIndex& index,
                    const BodyHashes& hashes, std::size_t hash, const PublicKey& key, const Crypto& crypto) {
    if (signature.length && *signature.length > hashes.length(hash)) return "the body is shorter than l=";
    if (hashes.digest(hash) != signature.body_hash) return "the body has changed";
    std::string header;
    header.reserve(4096);
    index.append_selected(header, signature.names, signature.header_canon);
    append_unsigned(header, field, signature.header_canon);
    const std::string digest = crypto.digest(signature.hash, header);
    if (!key.verify(signature.hash, digest, signature.signature)) return "the signature does not hold";
    return "";
}

std::vector<DkimVerdict> DkimRun::finish(const BodyHashes& hashes, const FieldIndex& index,
                                         const Crypto& crypto) {
    std::vector<DkimVerdict> verdicts;
    for (One& one : all_) {
        if (one.open) {
            DkimVerdict& verdict = one.verdict;
            verdict.problem =
                compare(one.signature, one.field, index, hashes, one.hash, *one.key.key, crypto);
            verdict.outcome = verdict.problem.empty() ? DkimOutcome::pass : DkimOutcome::fail;
            verdict.partial = one.signature.length && *one.signature.length < hashes.length(one.hash);
        }
        verdicts.push_back(std::move(one.verdict));
    }
    return verdicts;
}

Needs<std::vector<DkimVerdict>> verify_dkim(std::string_view message, Time now, const Crypto& crypto,
                                            const Answers& answers, const DkimRules& rules) {
    Asking dns{answers};
    const FieldIndex index{message};
    DkimRun run{message, index, now, rules, crypto, dns};
    if (!dns.complete()) return std::move(dns).missing();
    BodyHashes hashes;
    run.want(hashes);
    if (!hashes.empty()) hashes.run(body_of(message), crypto);
    return run.finish(hashes, index, crypto);
}

}  // namespace postrider::mailauth
