#include "filter/signing/signer.h"

#include "mailauth/arc.h"
#include "mailauth/auth_results.h"
#include "mailauth/dkim.h"
#include "mailauth/dmarc.h"
#include "mailauth/domainkeys.h"
#include "mailauth/signature.h"
#include "mime/header.h"
#include "text/ascii.h"

namespace postrider::filter {

bool is_ours(const queue::Envelope& envelope) {
    if (!envelope.authenticated.empty() || envelope.client.empty()) return true;
    return envelope.client.starts_with("127.") || envelope.client == "::1";
}

std::string own_results(std::string_view message, std::string_view host) {
    mime::HeaderReader reader{message};
    unsigned hops = 0;
    for (mime::Field field; reader.next(field);) {
        // Below that line is what came with the message: anybody's.
        if (text::equal_ci(field.name, "Received") && ++hops > 1) break;
        if (!text::equal_ci(field.name, "Authentication-Results")) continue;
        if (text::equal_ci(mailauth::auth_results_host(field.value), host)) return mime::unfold(field.value);
    }
    return "";
}

Signer::Signer(const Clock& clock, observe::Logger log, observe::Metrics& metrics)
    : clock_{clock},
      log_{log},
      signed_{metrics.counter("signing.signed", "Messages that were signed")},
      sealed_{metrics.counter("signing.sealed", "Messages that got an ARC seal")} {}

std::vector<std::string> Signer::configure(const SigningSettings& settings,
                                           const std::filesystem::path& directory, std::string host,
                                           const std::string& primary_domain) {
    std::vector<std::string> problems;
    auto rules = std::make_shared<Rules>();
    rules->settings = settings;
    rules->keys = std::make_shared<const KeyRing>(settings, directory, problems);
    rules->host = std::move(host);
    const std::string& sealer = settings.arc_domain.empty() ? primary_domain : settings.arc_domain;
    rules->seal_domain = mailauth::signing_domain(sealer).value_or("");
    const bool any = !rules->keys->empty();
    rules_ = std::move(rules);
    active_ = any;
    for (const std::string& problem : problems) log_.error({}, "{}", problem);
    return problems;
}

std::shared_ptr<const KeyRing> Signer::keys() const {
    const auto rules = rules_.load();
    return rules ? rules->keys : std::make_shared<const KeyRing>();
}

std::string Signer::lines(const queue::Envelope& envelope, std::string_view message) const {
    const auto rules = rules_.load();
    if (!rules || rules->keys->empty()) return "";
    return is_ours(envelope) ? sign(*rules, message) : seal(*rules, message);
}

std::string Signer::sign(const Rules& rules, std::string_view message) const {
    if (!rules.settings.enable) return "";
    auto author = mailauth::author_domain(message);
    if (!author) return "";
    const Time now = clock_.now();
    std::vector<mailauth::DkimSigner> signers;
    std::string lines;
    for (const SigningKey* key : rules.keys->find(*author, now)) {
        mailauth::DkimSigner signer;
        signer.domain = key->domain;
        signer.selector = key->selector;
        signer.key = key->key;
        signers.push_back(std::move(signer));
        if (rules.settings.domainkeys && key->key->type() == mailauth::KeyType::rsa)
            lines += mailauth::sign_domainkey(message, key->domain, key->selector, *key->key, crypto_);
    }
    if (signers.empty()) return "";
    lines.insert(0, mailauth::sign_dkim(message, signers, now, crypto_));
    if (!lines.empty()) signed_.add();
    return lines;
}

std::string Signer::seal(const Rules& rules, std::string_view message) const {
    if (!rules.settings.arc || rules.seal_domain.empty()) return "";
    const Time now = clock_.now();
    const auto keys = rules.keys->find(rules.seal_domain, now);
    if (keys.empty()) return "";
    // RFC 8617 §5.1: the seal says what has been found out here; with no result there is nothing to be said.
    const std::string results = own_results(message, rules.host);
    const auto read = mailauth::parse_auth_results(results);
    if (!read) return "";
    mailauth::ArcResult chain;
    bool checked = false;
    for (const mailauth::AuthResult& one : read->results) {
        if (one.method != "arc") continue;
        checked = true;
        if (one.result == "pass")
            chain.outcome = mailauth::ArcOutcome::pass;
        else if (one.result != "none")
            chain.outcome = mailauth::ArcOutcome::fail;
    }
    if (!checked) return "";
    // One seal only: RSA where there is a key, since not every verifier knows Ed25519.
    mailauth::ArcSealer sealer;
    sealer.domain = keys.front()->domain;
    sealer.selector = keys.front()->selector;
    sealer.key = keys.front()->key;
    std::string lines = mailauth::seal_arc(message, chain, results, sealer, now, crypto_);
    if (!lines.empty()) sealed_.add();
    return lines;
}

}  // namespace postrider::filter
