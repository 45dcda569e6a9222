#include "screening/visit.h"

#include <fmt/format.h>

#include "mime/header.h"
#include "screening/header_edits.h"
#include "text/ascii.h"

/// The policy's events.
namespace postrider::screening {
namespace {

constexpr std::size_t block = 64 * 1024;  // of a body, as onBodyChunk sees it
constexpr std::uint32_t longest_delay = 2'592'000;

/// What a script says to a client: one line of printable US-ASCII (RFC 5321 §4.2).
std::string reply_text(std::string_view text) {
    std::string line;
    for (char c : text.substr(0, 400)) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet > 0x7E)
            line.push_back('?');
        else if (octet >= 0x20)
            line.push_back(c);
        else if (!line.empty() && line.back() != ' ')
            line.push_back(' ');
    }
    while (line.ends_with(' ')) line.pop_back();
    return line;
}

std::string_view word(Who who) {
    return who == Who::none ? "none" : who == Who::auth ? "auth" : "all";
}

}  // namespace

Visit::Visit(const Screening& screening, std::shared_ptr<const Rules> rules, const Client& client,
             bool trusted)
    : s_{screening},
      rules_{std::move(rules)},
      client_{client},
      ip_{settings::parse_ip(client.ip)},
      trusted_{trusted} {
    if (rules_->policy) policy_ = std::make_unique<policy::State>(rules_->policy);
}

net::Task<Decision> Visit::connected(Allowances& allow, std::string& greeting) {
    base_ = allow;
    begin_milters();
    Decision decision;
    if (policy_) {
        policy_->begin(Event::connect);
        policy_->provide_number(Var::smtpPort, client_.local_port);
        policy_->provide(Var::smtpIp, client_.local_ip);
        policy_->provide_number(Var::remoteSmtpPort, client_.port);
        policy_->provide(Var::remoteSmtpIp, client_.ip);
        policy_->provide_flag(Var::isSSLConnection, client_.secure);
        if (asks_policy(Event::connect)) decision = co_await run(Event::connect);
        if (!policy_->get(Var::smtpGreeting).empty()) greeting = reply_text(policy_->get(Var::smtpGreeting));
    }
    co_await follow(Event::connect, decision);
    co_return decision;
}

net::Task<Decision> Visit::ehlo(std::string host, bool esmtp, bool secure, Allowances& allow,
                                Mechanisms& mechanisms) {
    end_transaction(false, 0);
    helo_ = std::move(host);
    esmtp_ = esmtp;
    client_.secure = secure;
    helo_lists_.reset();
    helo_check_.reset();
    Decision decision;
    if (policy_) {
        policy_->begin(Event::ehlo);
        policy_->provide(Var::ehloHost, helo_);
        policy_->provide_flag(Var::isESMTP, esmtp);
        policy_->provide_flag(Var::isSSLConnection, secure);
    }
    if (asks_policy(Event::ehlo)) {
        provide_allowances();
        decision = co_await run(Event::ehlo);
        take_allowances(allow);
        mechanisms.secure = policy_->get(Var::secureConnAuthTypes);
        mechanisms.plain = policy_->get(Var::plainConnAuthTypes);
    }
    if (decision.action == Decision::Action::none) {
        Decision checked = co_await check_ehlo();
        if (checked.refuses()) decision = std::move(checked);
    }
    co_await follow(Event::ehlo, decision);
    co_return decision;
}

net::Task<Decision> Visit::mail(Mail mail, Allowances& allow) {
    end_transaction(false, 0);
    sender_ = std::move(mail.sender);
    account_ = std::move(mail.account);
    mail_parameters_ = std::move(mail.parameters);
    Decision decision;
    if (policy_) {
        policy_->begin(Event::mail_from);
        policy_->provide(Var::mailFrom, sender_.text());
        policy_->provide(Var::mailFromDomain, sender_.domain);
        policy_->provide_flag(Var::isLocalSender, mail.local);
        policy_->provide_flag(Var::authMatchFrom, mail.matches_login);
        policy_->provide(Var::authUser, account_);
        policy_->provide_number(Var::mailCount, messages_);
        policy_->provide_number(Var::totalMailSize, octets_);
        policy_->provide_number(Var::mailSize, mail.declared);
        policy_->provide_number(Var::rcptCount, 0);
        if (asks_policy(Event::mail_from)) {
            decision = co_await run(Event::mail_from);
            accepted_ = decision.action == Decision::Action::accept;
            take_allowances(allow);
        }
    }
    if (decision.action == Decision::Action::none) {
        Decision checked = co_await check_sender();
        if (checked.action != Decision::Action::none) decision = std::move(checked);
    }
    co_await follow(Event::mail_from, decision);
    co_return decision;
}

net::Task<Decision> Visit::rcpt(Rcpt rcpt, Allowances& allow, std::string& route, Wishes& wishes) {
    rcpt_ = std::move(rcpt.address);
    rcpt_parameters_ = std::move(rcpt.parameters);
    milter_said_.reset();
    Decision decision;
    if (asks_policy(Event::rcpt_to)) {
        policy_->begin(Event::rcpt_to);
        policy_->provide(Var::currentRcpt, rcpt_.text());
        policy_->provide(Var::currentRcptDomain, rcpt_.domain);
        policy_->provide_flag(Var::isLocalRcpt, rcpt.local);
        policy_->provide_number(Var::rcptCount, rcpt.before);
        provide_allowances();
        decision = co_await run(Event::rcpt_to);
        take_allowances(allow);
        route = policy_->get(Var::remoteSmtpHost);
        take_recipients(wishes);
    }
    co_return decision;
}

net::Task<Decision> Visit::rcpt_taken() {
    Decision decision;
    co_await follow(Event::rcpt_to, decision);
    co_return decision;
}

Decision Visit::greylist(const mime::AddrSpec& recipient) {
    if (exempt() || accepted_ || !rules_->settings.greylist.enable) return {};
    filter::Greylist::Attempt attempt;
    attempt.client = *ip_;
    attempt.sender = sender_;
    attempt.recipient = recipient;
    const auto verdict = trace_ ? s_.greylist_->look(attempt) : s_.greylist_->check(attempt);
    if (!verdict.delayed()) return {};
    s_.p_.log.info(client_.id, "Greylisting: <{}> to <{}> from [{}] may come back in {} s", sender_.text(),
                   recipient.text(), client_.ip, verdict.wait.count());
    return {Decision::Action::tmpreject, 451, "4.7.1", std::string{filter::greylist_reply}};
}

net::Task<Decision> Visit::message(std::string_view message, Allowances& allow, Wishes& wishes) {
    message_ = message;
    Decision decision;
    if (policy_) {
        policy_->provide_number(Var::mailSize, message.size());
        const auto& fields = policy_->program().headers();
        if (!fields.empty()) {
            const std::string_view header = message.substr(0, mime::header_size(message));
            for (std::size_t i = 0; i < fields.size(); ++i)
                if (auto value = mime::find_field(header, fields[i]))
                    policy_->provide_header(i, mime::unfold(*value));
        }
    }
    if (asks_policy(Event::headers_received)) {
        policy_->begin(Event::headers_received);
        decision = co_await run(Event::headers_received);
        take_allowances(allow);
        if (decision.refuses()) co_return decision;
    }
    if (asks_policy(Event::body_chunk)) {
        std::string_view body = message.substr(mime::header_size(message));
        while (!body.empty()) {
            policy_->begin(Event::body_chunk);
            policy_->provide(Var::chunkData, body.substr(0, block));
            Decision said = co_await run(Event::body_chunk);
            if (said.action != Decision::Action::none) decision = std::move(said);
            if (decision.refuses()) co_return decision;
            body.remove_prefix(std::min(block, body.size()));
        }
    }
    if (!exempt() && rules_->settings.authentication.enable) {
        const mailauth::Checks wanted = checks();
        co_await authenticate(wanted);
    }
    if (asks_policy(Event::data_received)) {
        policy_->begin(Event::data_received);
        Decision said = co_await run(Event::data_received);
        if (said.action != Decision::Action::none) decision = std::move(said);
        if (decision.refuses()) co_return decision;
        if (auto delay = policy_->number(Var::deliveryDelay); delay && *delay > 0)
            wishes.delay = static_cast<std::uint32_t>(std::min<std::int64_t>(*delay, longest_delay));
    }
    if (policy_) take_recipients(wishes);
    if (decision.action == Decision::Action::none && !accepted_ && !exempt()) {
        decision = judge_authentication();
        note_dmarc(decision);
        if (decision.action == Decision::Action::none) decision = co_await check_links(message);
        if (decision.refuses()) co_return decision;
    } else {
        note_dmarc(decision);
    }
    co_await follow(Event::data_received, decision);
    if (decision.refuses()) co_return decision;
    finish(message, wishes);
    co_return decision;
}

void Visit::end_transaction(bool taken, std::uint64_t size) {
    if (taken) {
        ++messages_;
        octets_ += size;
    }
    if (policy_) policy_->end_transaction();
    answers_ = {};
    spf_.reset();
    spf_asked_ = accepted_ = false;
    level_ = ehlo_level_;
    message_ = {};
    authentication_.reset();
    content_.reset();
    effects_.clear();
}

net::Task<Decision> Visit::run(Event event) {
    policy::Execution execution{*policy_, event, trace_};
    for (;;) {
        const std::optional<policy::Method> method = execution.next();
        if (!method) break;
        co_await perform(*method, event);
    }
    for (policy::Effect& effect : execution.effects())
        if (effects_.size() < policy::Execution::max_effects) effects_.push_back(std::move(effect));
    co_return decide(event, execution.exhausted());
}

Decision Visit::decide(Event event, bool stopped) {
    using Action = Decision::Action;
    const bool at_connect = event == Event::connect;
    if (stopped) {
        s_.p_.log.error(client_.id, "The policy ran too long in {} and was stopped", policy::name(event));
        s_.policy_errors_.add();
        return {Action::tmpreject, at_connect ? 421 : 451, "4.3.0", "Local error in processing"};
    }
    const std::string_view said = policy_->get(Var::smtpAction);
    Decision decision;
    if (text::equal_ci(said, "accept")) {
        decision.action = Action::accept;
    } else if (text::equal_ci(said, "reject")) {
        decision = {Action::reject, at_connect ? 554 : 550, "5.7.1", "Rejected by the policy of this server"};
    } else if (text::equal_ci(said, "tmpreject")) {
        decision = {Action::tmpreject, at_connect ? 421 : 451, "4.7.1", "Not accepted now, try later"};
    } else if (text::equal_ci(said, "discard")) {
        decision.action = Action::discard;
    } else if (spf_asked_ && spf_) {
        // What a script that asks and says nothing more means (attested).
        if (spf_->outcome == mailauth::SpfOutcome::permerror)
            decision = {Action::reject, 550, "5.7.24", "SPF record of the sender's domain is wrong"};
        if (spf_->outcome == mailauth::SpfOutcome::temperror)
            decision = {Action::tmpreject, 451, "4.7.24",
                        "SPF record of the sender's domain cannot be read now"};
    }
    spf_asked_ = false;
    if (decision.action == Action::none) return decision;
    if (std::string own = reply_text(policy_->get(Var::smtpExplanation)); !own.empty())
        decision.text = std::move(own);
    if (decision.refuses()) s_.refused_.add();
    const auto origin = policy_->decided();
    if (origin.line != 0)
        s_.p_.log.info(client_.id, "Set smtp action to {} (policy, {} line {})", text::to_upper(said),
                       policy_->program().blocks()[origin.block].name, origin.line);
    if (!decision.text.empty()) s_.p_.log.info(client_.id, "Set smtp explanation to [{}]", decision.text);
    return decision;
}

/// What scripts read before they set it.
void Visit::provide_allowances() {
    const auto fresh = [&](Var var, std::string_view value) {
        if (policy_->get(var).empty()) policy_->provide(var, value);
    };
    const auto number = [&](Var var, std::uint64_t value) { fresh(var, std::to_string(value)); };
    const auto flag = [&](Var var, bool value) { fresh(var, value ? "yes" : "no"); };
    flag(Var::allowStartTLS, base_.allow_start_tls);
    flag(Var::allow8bitMime, base_.allow_8bit_mime);
    flag(Var::allowBinaryData, base_.allow_binary_data);
    flag(Var::allowPipelining, base_.allow_pipelining);
    flag(Var::allowDSN, base_.allow_dsn);
    number(Var::maxDataSize, base_.max_data_size);
    number(Var::maxRcptCount, base_.max_rcpt_count);
    number(Var::maxReceivedHeaders, base_.max_received_headers);
    number(Var::waitProcessingTimeout, base_.wait_processing_timeout);
    fresh(Var::remoteDelivery, word(base_.remote_delivery));
    fresh(Var::localDelivery, word(base_.local_delivery));
}

/// What a script has not set, or has set to what is no value, is as the settings have it.
void Visit::take_allowances(Allowances& allow) const {
    const policy::Program& program = policy_->program();
    const auto flag = [&](Var var, bool& into, bool otherwise) {
        if (!program.sets(var)) return;
        const std::string_view value = policy_->get(var);
        into = text::equal_ci(value, "yes") || (!text::equal_ci(value, "no") && otherwise);
    };
    const auto number = [&]<class N>(Var var, N& into, N otherwise, std::int64_t least, std::int64_t most) {
        if (!program.sets(var)) return;
        const auto value = policy_->number(var);
        into = value ? static_cast<N>(std::clamp(*value, least, most)) : otherwise;
    };
    const auto who = [&](Var var, Who& into, Who otherwise) {
        if (!program.sets(var)) return;
        into = otherwise;
        for (Who one : {Who::none, Who::auth, Who::all})
            if (text::equal_ci(policy_->get(var), word(one))) into = one;
    };
    flag(Var::allowStartTLS, allow.allow_start_tls, base_.allow_start_tls);
    flag(Var::allow8bitMime, allow.allow_8bit_mime, base_.allow_8bit_mime);
    flag(Var::allowBinaryData, allow.allow_binary_data, base_.allow_binary_data);
    flag(Var::allowPipelining, allow.allow_pipelining, base_.allow_pipelining);
    flag(Var::allowDSN, allow.allow_dsn, base_.allow_dsn);
    number(Var::maxDataSize, allow.max_data_size, base_.max_data_size, 1, 2'000'000);
    number(Var::maxRcptCount, allow.max_rcpt_count, base_.max_rcpt_count, 0, 100'000);
    number(Var::maxReceivedHeaders, allow.max_received_headers, base_.max_received_headers, 0, 1000);
    number(Var::waitProcessingTimeout, allow.wait_processing_timeout, base_.wait_processing_timeout, 0, 300);
    who(Var::remoteDelivery, allow.remote_delivery, base_.remote_delivery);
    who(Var::localDelivery, allow.local_delivery, base_.local_delivery);
}

/// Moves what the script said about recipients to where the session sees it.
void Visit::take_recipients(Wishes& wishes) {
    std::erase_if(effects_, [&](policy::Effect& effect) {
        if (effect.method == policy::Method::addRcpt)
            wishes.add.push_back(std::move(effect.name));
        else if (effect.method == policy::Method::discardRcpt)
            wishes.drop.push_back(effect.name.empty() ? rcpt_.text() : std::move(effect.name));
        else
            return false;
        return true;
    });
}

}  // namespace postrider::screening
