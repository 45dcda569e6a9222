#include <fmt/format.h>

#include <algorithm>

#include "delivery/outcome.h"
#include "smtp/session/session.h"
#include "text/ascii.h"

/// What the policy and the checks of src/screening say, as SMTP.
namespace postrider::smtp {

using screening::Decision;

net::Task<bool> Session::admit() {
    std::string greeting = s_.settings.greeting;
    Decision decision;
    if (s_.screening && !lmtp()) {  // LMTP is for front ends of our own, which have asked already
        screening::Client client;
        client.ip = peer_.peer().ip;
        client.port = peer_.peer().port;
        client.local_ip = peer_.local().ip;
        client.local_port = peer_.local().port;
        client.secure = peer_.secure();
        client.id = id_;
        client.workers = &s_.workers;
        visit_ = s_.screening->visit(client);
        if (visit_) decision = co_await visit_->connected(allow_, greeting);
        greeted_allow_ = allow_;
    }
    if (decision.refuses()) {
        reply(decision.code, decision.status, decision.text);
        co_return false;
    }
    if (greeting.empty())
        reply(220, "", fmt::format("{} Postrider {} ready", s_.host, lmtp() ? "LMTP" : "ESMTP"));
    else
        reply(220, "", fmt::format("{} {}", s_.host, greeting));
    co_return true;
}

bool Session::refused(const Decision& decision) {
    if (!decision.refuses()) return false;
    if (decision.code == 421) done_ = true;
    refuse({decision.code, decision.status, decision.text});
    return true;
}

net::Task<bool> Session::ask_ehlo() {
    std::string host = helo_;
    const bool secure = peer_.secure();
    if (const net::TlsInfo* tls = peer_.tls()) visit_->encrypted(*tls);
    Decision decision = co_await visit_->ehlo(std::move(host), extended_, secure, allow_, mechanisms_);
    greeted_allow_ = allow_;
    co_return !refused(decision);
}

net::Task<bool> Session::ask_mail(Decision& decision, std::vector<std::string> parameters) {
    Transaction& t = *transaction_;
    screening::Visit::Mail mail;
    mail.sender = t.sender.address;
    mail.declared = t.declared_size;
    mail.parameters = std::move(parameters);
    if (account_) {
        mail.account = account_->address;
        mail.matches_login = may_send_as(mail.sender);
    }
    mail.local = s_.router.is_local_domain(mail.sender.domain);
    decision = co_await visit_->mail(std::move(mail), allow_);
    t.discard = decision.action == Decision::Action::discard;
    co_return !refused(decision);
}

net::Task<bool> Session::ask_rcpt(const queue::Recipient& recipient, bool local,
                                  std::vector<std::string> parameters, Decision& decision,
                                  std::string& route) {
    screening::Visit::Rcpt rcpt;
    rcpt.address = recipient.address;
    rcpt.local = local;
    rcpt.parameters = std::move(parameters);
    rcpt.before = transaction_->envelope.recipients.size();
    screening::Wishes wishes;
    decision = co_await visit_->rcpt(std::move(rcpt), allow_, route, wishes);
    if (refused(decision)) co_return false;
    const std::string own = recipient.address.text();
    if (std::erase_if(wishes.drop, [&](const std::string& one) { return text::equal_ci(one, own); }) != 0)
        decision.action = Decision::Action::discard;
    change_recipients(wishes);
    co_return true;
}

net::Task<bool> Session::ask_message() {
    Transaction& t = *transaction_;
    screening::Wishes wishes;
    const std::string_view message = std::string_view{t.payload}.substr(t.trace_size);
    Decision decision = co_await visit_->message(message, allow_, wishes);
    if (decision.refuses()) {
        answer_all({decision.code, decision.status, decision.text});
        co_return false;
    }
    if (decision.action == Decision::Action::discard) t.discard = true;
    if (wishes.sender)
        if (auto sender = mime::parse_addr_spec(*wishes.sender); sender || wishes.sender->empty())
            t.envelope.reverse_path = sender.value_or(mime::AddrSpec{});
    if (wishes.quarantine)
        for (queue::Recipient& recipient : t.envelope.recipients) {
            recipient.state = queue::Recipient::State::held;
            recipient.status = queue::quarantined_status;
            recipient.diagnostic = *wishes.quarantine;
        }
    if (wishes.message) t.payload.replace(t.trace_size, std::string::npos, *wishes.message);
    // Above our own trace, which is what RFC 7208 §9.1 and RFC 8601 §4.1 ask for.
    t.payload.insert(0, wishes.prefix);
    t.trace_size += wishes.prefix.size();
    t.delay = wishes.delay;
    change_recipients(wishes);
    co_return true;
}

bool Session::has_recipient(const mime::AddrSpec& address) const {
    return std::ranges::any_of(transaction_->envelope.recipients,
                               [&](const queue::Recipient& one) { return one.address == address; });
}

void Session::change_recipients(const screening::Wishes& wishes) {
    Transaction& t = *transaction_;
    for (const std::string& name : wishes.drop) {
        for (std::size_t i = t.envelope.recipients.size(); i-- > 0;) {
            if (!text::equal_ci(t.envelope.recipients[i].address.text(), name)) continue;
            s_.log.info(id_, "Recipient <{}> dropped by the policy", name);
            t.envelope.recipients.erase(t.envelope.recipients.begin() + static_cast<std::ptrdiff_t>(i));
            t.destinations.erase(t.destinations.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
    for (const std::string& name : wishes.add) {
        auto address = mime::parse_addr_spec(name);
        if (!address || t.envelope.recipients.size() >= allow_.max_rcpt_count) {
            s_.log.warning(id_, "The policy cannot add the recipient <{}>", name);
            continue;
        }
        if (has_recipient(*address)) continue;
        delivery::Destination destination = s_.router.resolve(*address, t.declared_size, &t.sender);
        if (destination.refusal) {
            s_.log.warning(id_, "The policy cannot add the recipient <{}>: {}", name,
                           destination.refusal->text);
            continue;
        }
        s_.log.info(id_, "Recipient <{}> added by the policy", name);
        queue::Recipient recipient;
        recipient.address = std::move(*address);
        recipient.notify = queue::Notify::never;  // the sender does not know of it
        t.envelope.recipients.push_back(std::move(recipient));
        t.destinations.push_back(std::move(destination));
    }
}

}  // namespace postrider::smtp
