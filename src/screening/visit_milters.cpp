#include <fmt/format.h>

#include <algorithm>

#include "filter/scan/address.h"
#include "screening/visit.h"

/// Milters: those of the settings, and one that a policy asks.
namespace postrider::screening {

namespace milter = filter::milter;

namespace {

Decision to_decision(const milter::Decision& said) {
    using Kind = milter::Decision::Kind;
    Decision decision;
    switch (said.kind) {
        case Kind::none: return decision;
        case Kind::discard: decision.action = Decision::Action::discard; return decision;
        case Kind::reject: decision.action = Decision::Action::reject; break;
        case Kind::tempfail:
        case Kind::close: decision.action = Decision::Action::tmpreject; break;
    }
    decision.code = said.code;
    decision.status = said.status;
    for (const std::string& line : said.lines)
        decision.text.append(decision.text.empty() ? "" : " ").append(line);
    return decision;
}

std::string_view word(Decision::Action action) {
    switch (action) {
        case Decision::Action::none: return "continue";
        case Decision::Action::accept: return "accept";
        case Decision::Action::reject: return "reject";
        case Decision::Action::tmpreject: return "tmpreject";
        case Decision::Action::discard: return "discard";
    }
    return "";
}

}  // namespace

void Visit::begin_milters() {
    const bool by_policy = policy_ && policy_->program().calls(policy::Method::executeMilter);
    if (!s_.milters_ || trace_ || (rules_->settings.milters.empty() && !by_policy)) return;
    milter::Visit::Session session;
    session.client.name = fmt::format("[{}]", client_.ip);
    session.client.ip = client_.ip;
    session.client.port = client_.port;
    session.host = s_.p_.host;
    session.local_ip = client_.local_ip;
    session.local_port = client_.local_port;
    session.id = client_.id;
    session.log = s_.p_.log;
    milters_ = std::make_unique<milter::Visit>(*s_.milters_, std::move(session));
    milters_->macro("i", fmt::format("{:08X}", client_.id.value));
    for (const milter::MilterSettings& one : rules_->settings.milters)
        if (one.enable) milters_->add(one);
}

void Visit::encrypted(const net::TlsInfo& tls) {
    if (!milters_) return;
    milters_->macro("{tls_version}", tls.version);
    milters_->macro("{cipher}", tls.cipher);
}

/// One step of the session. What the last of them say of a message comes with its end alone.
net::Task<> Visit::ask_milters(Event event) {
    milter::Decision said;
    std::string path;
    std::vector<std::string> parameters = event == Event::rcpt_to ? rcpt_parameters_ : mail_parameters_;
    switch (event) {
        case Event::connect: said = co_await milters_->connected(); break;
        case Event::ehlo: {
            std::string name = helo_;
            said = co_await milters_->helo(std::move(name));
            break;
        }
        case Event::mail_from:
            milters_->macro("{auth_authen}", account_);
            path = "<" + sender_.text() + ">";
            said = co_await milters_->mail(std::move(path), std::move(parameters));
            break;
        case Event::rcpt_to:
            path = "<" + rcpt_.text() + ">";
            said = co_await milters_->rcpt(std::move(path), std::move(parameters));
            break;
        case Event::data_received:
            said = co_await milters_->data();
            if (said.kind == milter::Decision::Kind::none) {
                milter::Content content = co_await milters_->message(message_);
                said = content.decision;
                content_ = std::move(content);
            }
            break;
        default: break;
    }
    milter_said_ = to_decision(said);
    if (milter_said_->action != Decision::Action::none)
        s_.p_.log.info(client_.id, "Milter {}: {} {}", said.milter, word(milter_said_->action),
                       milter_said_->text);
}

/// A further milter in the same event: it alone is shown what it has not seen.
net::Task<> Visit::ask_further(Event event) {
    milter::Decision said = co_await milters_->catch_up();
    if (event == Event::data_received && said.kind == milter::Decision::Kind::none) {
        const std::string before = content_ && content_->message ? *content_->message : std::string{message_};
        milter::Content more = co_await milters_->message(before);
        said = more.decision;
        if (content_) {
            std::ranges::move(more.recipients, std::back_inserter(content_->recipients));
            if (more.message) content_->message = std::move(more.message);
            if (more.sender) content_->sender = std::move(more.sender);
            if (more.quarantine) content_->quarantine = std::move(more.quarantine);
        }
    }
    milter_said_ = to_decision(said);
    if (milter_said_->action != Decision::Action::none)
        s_.p_.log.info(client_.id, "Milter {}: {} {}", said.milter, word(milter_said_->action),
                       milter_said_->text);
}

net::Task<> Visit::rcpt_refused(std::string status, std::string text) {
    if (!milters_ || milter_said_) co_return;  // it was shown as one that is wanted
    std::string path = "<" + rcpt_.text() + ">";
    std::vector<std::string> parameters = rcpt_parameters_;
    co_await milters_->refused_rcpt(std::move(path), std::move(parameters), std::move(status),
                                    std::move(text));
}

net::Task<> Visit::execute_milter(Event event) {
    policy_->assign(policy::Var::milterResult, "error");
    if (!milters_) co_return;
    milter::MilterSettings one;
    one.address = policy_->get(policy::Var::milterAddress);
    one.name = one.address;
    if (!filter::parse_scanner_address(one.address)) {
        s_.p_.log.error(client_.id, "The policy asks the milter '{}', which is no address", one.address);
        co_return;
    }
    const bool fresh = milters_->add(one);
    const bool content = event == Event::headers_received || event == Event::body_chunk;
    // The header and the body are shown when the message is complete.
    const bool nothing_yet = !milter_said_ || milter_said_->action == Decision::Action::none;
    if (!content && !milter_said_)
        co_await ask_milters(event);
    else if (!content && fresh && nothing_yet)
        co_await ask_further(event);
    const Decision said = milter_said_.value_or(Decision{});
    policy_->assign(policy::Var::milterResult, word(said.action));
    if (said.action == Decision::Action::none) co_return;
    policy_->assign(policy::Var::smtpAction, word(said.action));
    policy_->assign(policy::Var::smtpExplanation, said.text);
}

net::Task<> Visit::follow(Event event, Decision& decision) {
    if (!milters_) co_return;
    const bool asked = milter_said_.has_value();
    if (!asked && !decision.refuses()) {
        co_await ask_milters(event);
        const Decision& said = *milter_said_;
        if (said.action != Decision::Action::none) decision = said;
    }
    milter_said_.reset();
}

net::Task<> Visit::close() {
    if (milters_) co_await milters_->close();
}

}  // namespace postrider::screening
