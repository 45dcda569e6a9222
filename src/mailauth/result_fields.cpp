#include <fmt/core.h>

#include "mailauth/auth_results.h"
#include "mailauth/message_authentication.h"
#include "mime/header.h"
#include "text/ascii.h"

namespace postrider::mailauth {
namespace {

AuthResult spf_result(const MessageAuthentication& all) {
    AuthResult out{.method = "spf",
                   .result = std::string{word(all.spf.outcome)},
                   .reason = "",
                   .comment = all.spf.problem,
                   .properties = {}};
    if (all.spf.identity == SpfResult::Identity::helo || all.reverse_path.empty())
        out.properties.push_back({"smtp", "helo", all.helo});
    else
        out.properties.push_back({"smtp", "mailfrom", all.reverse_path});
    return out;
}

/// RFC 8601 §2.7.1, RFC 6008 for header.b.
AuthResult dkim_result(const DkimVerdict& one) {
    AuthResult out{.method = "dkim",
                   .result = std::string{word(one.outcome)},
                   .reason = "",
                   .comment = one.problem,
                   .properties = {}};
    if (one.outcome == DkimOutcome::pass) {
        out.comment = fmt::format("{}-bit key", one.key_bits);
        if (one.testing) out.comment += ", testing";
        if (one.partial) out.comment += ", part of the body is not signed";
    }
    if (!one.domain.empty()) out.properties.push_back({"header", "d", one.domain});
    if (!one.identity.empty() && one.identity != "@" + one.domain)
        out.properties.push_back({"header", "i", one.identity});
    if (!one.selector.empty()) out.properties.push_back({"header", "s", one.selector});
    if (!one.algorithm.empty()) out.properties.push_back({"header", "a", one.algorithm});
    if (!one.signature_begin.empty()) out.properties.push_back({"header", "b", one.signature_begin});
    return out;
}

AuthResult dmarc_result(const DmarcResult& dmarc) {
    AuthResult out{.method = "dmarc",
                   .result = std::string{word(dmarc.outcome)},
                   .reason = "",
                   .comment = dmarc.problem,
                   .properties = {}};
    if (!dmarc.policy_domain.empty()) {
        out.comment = fmt::format("p={}", word(dmarc.record.p));
        if (dmarc.record.sp) out.comment += fmt::format(" sp={}", word(*dmarc.record.sp));
        if (dmarc.record.np) out.comment += fmt::format(" np={}", word(*dmarc.record.np));
        if (dmarc.relieved) out.comment += " relieved";
    }
    if (dmarc.outcome == DmarcOutcome::fail)
        out.properties.push_back({"policy", "dmarc", std::string{word(dmarc.requested)}});
    if (!dmarc.from_domain.empty()) out.properties.push_back({"header", "from", dmarc.from_domain});
    return out;
}

/// RFC 8617 §10.1 with smtp.remote-ip, which whoever trusts the chain wants to know.
AuthResult arc_result(const MessageAuthentication& all) {
    AuthResult out{.method = "arc",
                   .result = std::string{word(all.arc.outcome)},
                   .reason = "",
                   .comment = all.arc.problem,
                   .properties = {}};
    if (all.arc.sets > 0 && all.arc.outcome == ArcOutcome::pass) {
        out.comment = fmt::format("i={}", all.arc.sets);
        out.properties.push_back({"header", "oldest-pass", std::to_string(all.arc.oldest_pass)});
    }
    if (!all.client.empty()) out.properties.push_back({"smtp", "remote-ip", all.client});
    return out;
}

AuthResult bimi_result(const BimiResult& bimi) {
    AuthResult out{.method = "bimi",
                   .result = std::string{word(bimi.outcome)},
                   .reason = "",
                   .comment = bimi.problem,
                   .properties = {}};
    if (!bimi.domain.empty()) out.properties.push_back({"header", "d", bimi.domain});
    if (!bimi.selector.empty()) out.properties.push_back({"header", "selector", bimi.selector});
    if (bimi.outcome == BimiOutcome::pass) out.properties.push_back({"policy", "authority", "none"});
    return out;
}

AuthResults collected(const MessageAuthentication& all) {
    AuthResults out;
    out.host = all.host;
    if (all.checks.iprev) {
        AuthResult iprev{.method = "iprev",
                         .result = std::string{word(all.iprev.outcome)},
                         .reason = "",
                         .comment = all.iprev.name,
                         .properties = {}};
        iprev.properties.push_back({"policy", "iprev", all.client});
        out.results.push_back(std::move(iprev));
    }
    if (all.checks.spf) out.results.push_back(spf_result(all));
    if (all.checks.dkim && all.dkim.empty())
        out.results.push_back(
            {.method = "dkim", .result = "none", .reason = "", .comment = "", .properties = {}});
    for (const DkimVerdict& one : all.dkim) out.results.push_back(dkim_result(one));
    if (all.checks.domainkeys) {
        AuthResult one{
            .method = "domainkeys", .result = "none", .reason = "", .comment = "", .properties = {}};
        switch (all.domainkey.status) {  // RFC 8601 §2.7.1 has DKIM's words for it
            case DomainKeyStatus::good: one.result = "pass"; break;
            case DomainKeyStatus::bad: one.result = "fail"; break;
            case DomainKeyStatus::no_signature: break;
            case DomainKeyStatus::temporary: one.result = "temperror"; break;
            case DomainKeyStatus::no_key:
            case DomainKeyStatus::revoked:
            case DomainKeyStatus::bad_format: one.result = "permerror"; break;
        }
        if (!all.domainkey.domain.empty()) one.properties.push_back({"header", "d", all.domainkey.domain});
        out.results.push_back(std::move(one));
    }
    if (all.checks.dmarc) out.results.push_back(dmarc_result(all.dmarc));
    if (all.checks.arc) out.results.push_back(arc_result(all));
    if (all.checks.bimi) out.results.push_back(bimi_result(all.bimi));
    return out;
}

// The words of the older headers. "Ok", "No records", "good" and "no signature" are what others look for; the
// rest is ours.

std::string_view spf_word(SpfOutcome outcome) {
    constexpr std::string_view words[] = {"No records", "Neutral",   "Ok",       "Fail",
                                          "SoftFail",   "TempError", "PermError"};
    return words[static_cast<std::size_t>(outcome)];
}

std::string_view domainkey_word(DomainKeyStatus status) {
    switch (status) {
        case DomainKeyStatus::good: return "Ok";
        case DomainKeyStatus::no_signature: return "No records";
        case DomainKeyStatus::temporary: return "TempError";
        case DomainKeyStatus::bad: return "Fail";
        case DomainKeyStatus::no_key:
        case DomainKeyStatus::revoked:
        case DomainKeyStatus::bad_format: break;
    }
    return "PermError";
}

struct DkimWords {
    std::string_view result, status;
};
DkimWords dkim_words(DkimOutcome outcome) {
    switch (outcome) {
        case DkimOutcome::pass: return {"Ok", "good"};
        case DkimOutcome::none: return {"No records", "no signature"};
        case DkimOutcome::temperror: return {"TempError", "temporary error"};
        case DkimOutcome::fail:
        case DkimOutcome::policy: return {"Fail", "bad"};
        case DkimOutcome::neutral:
        case DkimOutcome::permerror: break;
    }
    return {"PermError", "bad format"};
}

constexpr std::string_view own_fields[] = {"X-AXIGEN-SPF-Result", "X-AXIGEN-DK-Result", "DomainKey-Status",
                                           "X-AXIGEN-DKIM-Result", "DKIM-Status"};

}  // namespace

std::string results_text(const MessageAuthentication& result) {
    return auth_results_text(collected(result));
}

std::string headers(const MessageAuthentication& result) {
    std::string out = auth_results_field(collected(result));
    if (result.checks.spf) {
        const SpfRequest request{.client = result.client,
                                 .helo = result.helo,
                                 .sender = result.reverse_path,
                                 .host = result.host,
                                 .now = {}};
        out += received_spf(result.spf, request);
        out += fmt::format("X-AXIGEN-SPF-Result: {}\r\n", spf_word(result.spf.outcome));
    }
    if (result.checks.domainkeys)
        out += fmt::format("X-AXIGEN-DK-Result: {}\r\nDomainKey-Status: {}\r\n",
                           domainkey_word(result.domainkey.status), word(result.domainkey.status));
    if (result.checks.dkim) {
        const DkimWords words = dkim_words(dkim_outcome(result.dkim));
        out += fmt::format("X-AXIGEN-DKIM-Result: {}\r\nDKIM-Status: {}\r\n", words.result, words.status);
    }
    return out;
}

std::vector<std::string_view> forged_fields(std::string_view message, std::string_view host) {
    std::vector<std::string_view> found;
    mime::HeaderReader reader{message};
    for (mime::Field field; reader.next(field);) {
        bool forged = false;
        if (text::equal_ci(field.name, "Authentication-Results")) {
            const std::string of = auth_results_host(field.value);
            forged = of.empty() || text::equal_ci(of, host);
        } else {
            for (std::string_view own : own_fields) forged = forged || text::equal_ci(field.name, own);
        }
        if (forged) found.push_back(field.bytes);
    }
    return found;
}

std::string without_forged_fields(std::string message, std::string_view host) {
    const auto forged = forged_fields(message, host);
    if (forged.empty()) return message;
    std::string out;
    out.reserve(message.size());
    std::size_t at = 0;
    for (std::string_view field : forged) {
        const auto begin = static_cast<std::size_t>(field.data() - message.data());
        out.append(message, at, begin - at);
        at = begin + field.size();
    }
    return out.append(message, at);
}

}  // namespace postrider::mailauth
