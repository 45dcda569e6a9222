#include "mailauth/spf.h"

#include <fmt/core.h>

#include "dns/names.h"
#include "mailauth/signature.h"
#include "mailauth/spf_check.h"
#include "text/ascii.h"

namespace postrider::mailauth {
namespace {

/// A value of Received-SPF: dot-atom or quoted-string (§9.1).
std::string value_word(std::string_view text) {
    bool plain = !text.empty();
    for (char c : text)
        plain = plain
                && (text::is_alpha(c) || text::is_digit(c)
                    || std::string_view{"!#$%&'*+-/=?^_`{|}~."}.find(c) != std::string_view::npos);
    if (plain) return std::string{text};
    std::string out = "\"";
    for (char c : text.substr(0, 320)) {
        if (c == '"' || c == '\\') out += '\\';
        out += (c >= 0 && c < ' ') || c == 127 ? '?' : c;
    }
    return out + '"';
}

std::string comment_text(std::string_view text) {
    std::string out;
    for (char c : text.substr(0, 500)) {
        if (c == '(' || c == ')' || c == '\\') out += '\\';
        out += (c >= 0 && c < ' ') || c == 127 ? '?' : c;
    }
    return out;
}

std::string sentence(const SpfResult& result, const SpfRequest& request) {
    const std::string_view client = request.client, domain = result.domain;
    switch (result.outcome) {
        case SpfOutcome::pass:
            return fmt::format("domain of {} designates {} as permitted sender", domain, client);
        case SpfOutcome::fail:
            return fmt::format("domain of {} does not designate {} as permitted sender", domain, client);
        case SpfOutcome::softfail:
            return fmt::format("domain of {} does not expect {} to be a sender", domain, client);
        case SpfOutcome::neutral: return fmt::format("domain of {} says nothing about {}", domain, client);
        case SpfOutcome::none: return fmt::format("{} has no policy", domain.empty() ? "the sender" : domain);
        case SpfOutcome::temperror:
        case SpfOutcome::permerror: return result.problem.empty() ? "error" : result.problem;
    }
    return "";
}

}  // namespace

std::string_view word(SpfOutcome outcome) {
    constexpr std::string_view words[] = {"none",     "neutral",   "pass",     "fail",
                                          "softfail", "temperror", "permerror"};
    return words[static_cast<std::size_t>(outcome)];
}

SpfResult check_spf(const SpfRequest& request, Asking& dns) {
    SpfResult result;
    result.identity = request.sender.empty() ? SpfResult::Identity::helo : SpfResult::Identity::mail_from;
    std::string sender = request.sender.empty() ? "postmaster@" + request.helo : request.sender;
    const std::size_t at = sender.rfind('@');
    if (at == std::string::npos)
        sender = "postmaster@" + sender;
    else if (at == 0)
        sender = "postmaster" + sender;  // §4.3
    // §4.3: not a domain of two labels or more: nothing can be published for it.
    auto domain = signing_domain(sender.substr(sender.rfind('@') + 1));
    auto ip = parse_ip(request.client);
    if (!domain || !ip) return result;
    const SpfResult::Identity identity = result.identity;
    result = SpfCheck{request, *ip, std::move(sender), dns}.run(*domain);
    result.identity = identity;
    return result;
}

Needs<SpfResult> check_spf(const SpfRequest& request, const Answers& answers) {
    Asking dns{answers};
    SpfResult result = check_spf(request, dns);
    return std::move(dns).finish(std::move(result));
}

std::string spf_explanation(const SpfResult& result, const SpfRequest& request) {
    if (!result.explanation.empty()) return result.explanation;
    return sentence(result, request);
}

std::string received_spf(const SpfResult& result, const SpfRequest& request) {
    const bool mail_from = result.identity == SpfResult::Identity::mail_from;
    const std::string host = request.host.empty() ? "" : request.host + ": ";
    std::string line =
        fmt::format("Received-SPF: {} ({}{})\r\n\tclient-ip={}; envelope-from={};\r\n\thelo={};",
                    word(result.outcome), comment_text(host), comment_text(sentence(result, request)),
                    value_word(request.client), value_word(request.sender), value_word(request.helo));
    if (!request.host.empty()) line += fmt::format(" receiver={};", value_word(request.host));
    line += fmt::format(" identity={};", mail_from ? "mailfrom" : "helo");
    if (result.mechanism.size() > 0 && result.mechanism != "default" && result.mechanism.size() < 300)
        line += fmt::format("\r\n\tmechanism={};", value_word(result.mechanism));
    if (!result.problem.empty()) line += fmt::format("\r\n\tproblem={};", value_word(result.problem));
    line.back() = '\r';  // the last ";"
    return line + '\n';
}

}  // namespace postrider::mailauth
