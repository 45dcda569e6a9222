#include <algorithm>
#include <fstream>

#include "filter/scan/levels.h"
#include "screening/header_edits.h"
#include "screening/settle.h"
#include "screening/visit.h"
#include "text/ascii.h"

/// Who has really sent a message, and what is stored of it.
namespace postrider::screening {
namespace {

/// Hashing more than this on an I/O thread would keep other sessions waiting.
constexpr std::size_t small_message = 128 * 1024;

bool covers(const mailauth::Checks& have, const mailauth::Checks& want) {
    return have.spf >= want.spf && have.dkim >= want.dkim && have.dmarc >= want.dmarc && have.arc >= want.arc
           && have.iprev >= want.iprev && have.domainkeys >= want.domainkeys && have.bimi >= want.bimi;
}

}  // namespace

mailauth::Checks Visit::checks() const {
    const AuthenticationSettings& a = rules_->settings.authentication;
    mailauth::Checks checks;
    checks.spf = a.enable && (a.spf || a.dmarc);
    checks.dkim = a.enable && (a.dkim || a.dmarc);
    checks.dmarc = a.enable && a.dmarc;
    checks.arc = a.enable && a.arc;
    checks.iprev = a.enable && a.reverse_dns;
    checks.domainkeys = a.enable && a.domainkeys;
    checks.bimi = a.enable && a.bimi;
    return checks;
}

net::Task<> Visit::authenticate(mailauth::Checks wanted) {
    if (authentication_ && covers(authentication_->checks, wanted)) co_return;
    mailauth::MessageInput input;
    input.client = client_.ip;
    input.helo = helo_;
    input.reverse_path = sender_.text();
    input.message = message_;
    input.host = s_.p_.host;
    input.now = s_.p_.clock.now();
    input.checks = wanted;
    if (rules_->settings.authentication.public_suffix_list)
        input.discovery = mailauth::Discovery::public_suffix;
    input.sample = static_cast<unsigned>(client_.id.value * 2654435761u % 100 + messages_) % 100;
    if (spf_ && spf_->identity == mailauth::SpfResult::Identity::mail_from) input.spf = spf_;

    using Result = mailauth::MessageAuthentication;
    for (int round = 0; round < 60; ++round) {
        mailauth::Needs<Result> step;
        if (message_.size() <= small_message || !client_.workers) {
            step = mailauth::check_message(input, s_.crypto_, answers_);
        } else {
            auto job = [&] { return mailauth::check_message(input, s_.crypto_, answers_); };
            step = co_await client_.workers->run(std::move(job));
        }
        if (Result* done = std::get_if<Result>(&step)) {
            authentication_ = std::move(*done);
            break;
        }
        mailauth::Questions questions = std::move(std::get<mailauth::Questions>(step));
        co_await ask_all(s_.p_.resolver, std::move(questions), answers_);
    }
    if (!authentication_) co_return;
    if (wanted.spf) spf_ = authentication_->spf;
    s_.p_.log.info(client_.id, "Authentication-Results: {}", mailauth::results_text(*authentication_));
}

Decision Visit::judge_authentication() {
    if (!authentication_ || !authentication_->checks.dmarc) return {};
    const AuthenticationSettings& a = rules_->settings.authentication;
    const mailauth::DmarcResult& dmarc = authentication_->dmarc;
    if (!a.enable || dmarc.outcome != mailauth::DmarcOutcome::fail
        || dmarc.requested == mailauth::DmarcPolicy::none)
        return {};
    if (sealed_by_trusted()) {
        s_.p_.log.info(client_.id, "DMARC of {} fails, which the seal of {} outweighs", dmarc.from_domain,
                       authentication_->arc.sealer);
        return {};
    }
    const bool reject = dmarc.requested == mailauth::DmarcPolicy::reject;
    return consequence(reject ? a.dmarc_reject : a.dmarc_quarantine, "7.1",
                       "Not from " + dmarc.from_domain + ", which asks to "
                           + (reject ? "reject" : "quarantine") + " such mail (DMARC)");
}

bool Visit::sealed_by_trusted() const {
    const mailauth::ArcResult& arc = authentication_->arc;
    return arc.outcome == mailauth::ArcOutcome::pass
           && std::ranges::any_of(
               rules_->settings.authentication.trusted_sealers,
               [&](const std::string& domain) { return text::equal_ci(domain, arc.sealer); });
}

/// For the report to the domain: what has become of its wish, and if it was not followed, why (RFC 9990
/// §3.1.6).
void Visit::note_dmarc(const Decision& decision) const {
    if (s_.p_.dmarc == nullptr || !authentication_ || !authentication_->checks.dmarc) return;
    if (decision.action == Decision::Action::tmpreject) return;  // it comes again
    const AuthenticationSettings& a = rules_->settings.authentication;
    const mailauth::DmarcResult& dmarc = authentication_->dmarc;
    auto applied = mailauth::DmarcPolicy::none;
    filter::DmarcOverride because;
    if (dmarc.outcome == mailauth::DmarcOutcome::fail && dmarc.requested != mailauth::DmarcPolicy::none) {
        const bool reject = dmarc.requested == mailauth::DmarcPolicy::reject;
        const Consequence wanted = reject ? a.dmarc_reject : a.dmarc_quarantine;
        if (sealed_by_trusted()) {
            because = {"trusted_forwarder", "arc=pass header.d=" + authentication_->arc.sealer};
        } else if (!accepted_ && decision.action != Decision::Action::accept) {
            if (wanted == Consequence::reject)
                applied = mailauth::DmarcPolicy::reject;
            else if (wanted == Consequence::mark)
                applied = mailauth::DmarcPolicy::quarantine;
        }
        if (because.type.empty() && applied < dmarc.requested) because.type = "local_policy";
    }
    s_.p_.dmarc->note(*authentication_, applied, because, message_);
}

/// Puts together what is stored: fields that only we may write go, what the policy wants is done, results are
/// put above our trace.
void Visit::finish(std::string_view message, Wishes& wishes) {
    if (content_) {
        wishes.message = std::move(content_->message);
        wishes.sender = content_->sender;
        wishes.quarantine = content_->quarantine;
        for (const auto& recipient : content_->recipients)
            (recipient.add ? wishes.add : wishes.drop).push_back(recipient.address);
    }
    const std::string_view came = wishes.message ? std::string_view{*wishes.message} : message;
    if (!client_.ours && !mailauth::forged_fields(came, s_.p_.host.get()).empty())
        wishes.message = mailauth::without_forged_fields(std::string{came}, s_.p_.host.get());
    if (std::ranges::any_of(effects_, [](const policy::Effect& e) { return is_header_edit(e.method); }))
        wishes.message = edit_header(wishes.message ? std::string_view{*wishes.message} : message, effects_);
    if (level_ != 0) {
        const std::string_view now = wishes.message ? std::string_view{*wishes.message} : message;
        filter::Levels levels = filter::read_levels(now);
        if (levels.raise(filter::LevelKind::spam, level_))
            if (auto marked = filter::with_levels(now, levels)) wishes.message = std::move(*marked);
    }
    for (const policy::Effect& effect : effects_)
        if (effect.method == policy::Method::signDKIM || effect.method == policy::Method::signDomainKey) {
            if (!wishes.message) wishes.message = std::string{message};
            sign(effect, *wishes.message);
        }
    if (authentication_)
        wishes.prefix = mailauth::headers(*authentication_);
    else if (spf_)
        wishes.prefix = mailauth::received_spf(*spf_, spf_request(false));
}

void Visit::sign(const policy::Effect& effect, std::string& message) const {
    std::ifstream file{s_.p_.directory_path / effect.name, std::ios::binary};
    std::string text(65'536, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    auto key = mailauth::read_private_key(text);
    if (!key) {
        s_.p_.log.error(client_.id, "The key {} cannot be used to sign: {}", effect.name, key.error());
        return;
    }
    if (effect.method == policy::Method::signDomainKey) {
        message.insert(0, mailauth::sign_domainkey(message, sender_.domain, effect.value, **key, s_.crypto_));
        return;
    }
    mailauth::DkimSigner signer;
    signer.domain = sender_.domain;
    signer.selector = effect.value;
    signer.key = std::move(*key);
    message.insert(0, mailauth::sign_dkim(message, {signer}, s_.p_.clock.now(), s_.crypto_));
}

}  // namespace postrider::screening
