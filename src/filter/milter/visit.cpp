#include "filter/milter/visit.h"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>

#include "filter/scan/connector.h"
#include "mime/header.h"

namespace postrider::filter::milter {
namespace {

constexpr std::size_t most_rcpts = 100'000;

/// What is sent to a filter that has not said which macros it wants: what Sendmail and Postfix send.
constexpr std::string_view usual_macros[stages] = {
    "j _ v {daemon_name} {daemon_addr} {daemon_port} {client_addr} {client_name} {client_port}",  // connect
    "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}",                          // helo
    "i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} {mail_mailer}",            // mail
    "i {rcpt_addr} {rcpt_host} {rcpt_mailer}",                                                    // rcpt
    "i",                                                                                          // data
    "i {auth_type} {auth_authen}",                                                                // body_end
    "i",                                                                                          // eoh
};

std::string_view without_brackets(std::string_view path) {
    if (path.starts_with('<') && path.ends_with('>')) return path.substr(1, path.size() - 2);
    return path;
}

std::string_view domain_of(std::string_view address) {
    const std::size_t at = address.rfind('@');
    return at == std::string_view::npos ? std::string_view{} : address.substr(at + 1);
}

}  // namespace

void Visit::Side::forget_message() {
    mail = data = content = passes_message = false;
    rcpts = 0;
    for_message.reset();
    refused.clear();
    changes = {};
}

void Visit::Side::forget_session() {
    forget_message();
    session.reset();
    connected = passes_session = used_before = false;
    helos = 0;
}

Visit::Visit(Connections& connections, Session session)
    : connections_{connections}, session_{std::move(session)} {
    const Client& client = session_.client;
    macro("j", session_.host);
    macro("v", "Postrider");
    macro("{daemon_name}", session_.daemon);
    macro("{daemon_addr}", session_.local_ip);
    if (session_.local_port != 0) macro("{daemon_port}", std::to_string(session_.local_port));
    macro("{client_addr}", client.ip);
    macro("{client_name}", client.name);
    if (client.port != 0) macro("{client_port}", std::to_string(client.port));
    if (!client.ip.empty()) macro("_", fmt::format("{} [{}]", client.name, client.ip));
}

Visit::~Visit() = default;

bool Visit::add(const MilterSettings& milter) {
    for (const auto& side : sides_)
        if (side->milter.address == milter.address) return false;
    sides_.push_back(std::make_unique<Side>());
    sides_.back()->milter = milter;
    return true;
}

void Visit::macro(const std::string& name, std::string value) {
    if (value.empty())
        values_.erase(name);
    else
        values_[name] = std::move(value);
}

Macros Visit::macros(Stage stage, const Side& side) const {
    Macros out;
    const auto add = [&](std::string_view name) {
        const auto found = values_.find(name);
        if (found != values_.end()) out.emplace_back(found->first, found->second);
    };
    const auto& wanted = side.session->options().macros[static_cast<std::size_t>(stage)];
    if (wanted) {
        for (const std::string& name : *wanted) add(name);
    } else {
        for (const std::string& name : macro_names(usual_macros[static_cast<std::size_t>(stage)])) add(name);
    }
    return out;
}

Decision Visit::failed(Side& side, const std::string& why) {
    const FailureMode mode = side.milter.on_failure;
    session_.log.warning(session_.id, "Milter {} fails ({}): {}", side.milter.name,
                         mode == FailureMode::accept   ? "passed over"
                         : mode == FailureMode::reject ? "mail is refused"
                                                       : "mail is refused for now",
                         one_line(why));
    side.forget_session();
    Decision decision;
    decision.milter = side.milter.name;
    if (mode == FailureMode::accept) {
        side.passes_session = true;
        return decision;
    }
    const bool reject = mode == FailureMode::reject;
    decision.kind = reject ? Decision::Kind::reject : Decision::Kind::tempfail;
    decision.code = reject ? 554 : 451;
    decision.status = reject ? "5.3.0" : "4.3.0";
    decision.lines = {"A filter of ours does not work at the moment"};
    side.for_session = decision;
    return decision;
}

/// @param reached  where the filter has said it: with a filter that is shown earlier steps too, not always
/// `step`
Decision Visit::decide(Side& side, const Opinion& opinion, Step step, Step reached) {
    using Kind = Opinion::Kind;
    Decision decision;
    decision.milter = side.milter.name;
    switch (opinion.kind) {
        case Kind::go_on:
        case Kind::skip: return decision;
        case Kind::accept:
            if (reached < Step::mail)
                side.passes_session = true;
            else
                side.passes_message = true;
            return decision;
        case Kind::discard:
            // Before MAIL there is no message to discard; libmilter takes it for a refusal.
            decision.kind = reached < Step::mail ? Decision::Kind::reject : Decision::Kind::discard;
            break;
        case Kind::reject: decision.kind = Decision::Kind::reject; break;
        case Kind::tempfail: decision.kind = Decision::Kind::tempfail; break;
        case Kind::close: decision.kind = Decision::Kind::close; break;
    }
    if (decision.kind == Decision::Kind::reject)
        decision = {decision.kind, 550, "5.7.1", {"Refused by a filter"}, decision.milter};
    if (decision.kind == Decision::Kind::tempfail)
        decision = {
            decision.kind, 451, "4.7.1", {"Refused by a filter for now; try again later"}, decision.milter};
    if (decision.kind == Decision::Kind::close)
        decision = {decision.kind, 421, "4.7.0", {"Closing connection"}, decision.milter};
    if (opinion.reply) {
        decision.code = opinion.reply->code;
        if (!opinion.reply->status.empty())
            decision.status = opinion.reply->status;
        else if (decision.code < 500 && decision.status.starts_with('5'))
            decision.status[0] = '4';
        decision.lines = opinion.reply->lines;
        if (decision.lines.size() == 1 && decision.lines[0].empty()) decision.lines = {"Refused by a filter"};
    }
    if (decision.kind == Decision::Kind::discard) {
        discarded_ = decision;
        session_.log.info(session_.id, "Milter {}: discard", side.milter.name);
        return decision;
    }
    session_.log.info(session_.id, "Milter {}: {} {} {}", side.milter.name, decision.code, decision.status,
                      decision.lines.front());
    if (reached < Step::mail)
        side.for_session = decision;
    else if (reached != Step::rcpt || step != Step::rcpt)
        side.for_message = decision;
    return decision;
}

net::Task<Opinion> Visit::show_headers(Side& side, std::string_view message, std::size_t& end) {
    Opinion opinion;
    const Macros none;
    mime::HeaderReader reader{message};
    for (mime::Field field; reader.next(field);) {
        if (field.name.empty()) continue;
        opinion = co_await side.session->header(field.name, field.value, none);
        if (opinion.kind != Opinion::Kind::go_on) co_return opinion;
    }
    end = mime::header_size(message);
    const Macros known = macros(Stage::eoh, side);
    opinion = co_await side.session->eoh(known);
    co_return opinion;
}

net::Task<Opinion> Visit::show_content(Side& side, std::string_view message) {
    std::size_t at = 0;
    Opinion opinion = co_await show_headers(side, message, at);
    if (opinion.kind != Opinion::Kind::go_on) co_return opinion;
    while (at < message.size()) {
        const std::string_view piece = message.substr(at, side.session->piece_size());
        at += piece.size();
        opinion = co_await side.session->body(piece);
        if (opinion.kind == Opinion::Kind::skip) break;
        if (opinion.kind != Opinion::Kind::go_on) co_return opinion;
    }
    const Macros known = macros(Stage::body_end, side);
    opinion = co_await side.session->end(known, side.changes);
    side.mail = side.data = false;  // the transaction is over for it: the next MAIL needs no ABORT
    side.rcpts = 0;
    co_return opinion;
}

/// Shows the filter what it has not seen yet, up to `step`.
net::Task<Opinion> Visit::attempt(Side& side, Step step, std::string_view message, Step& reached) {
    using Kind = Opinion::Kind;
    Opinion opinion;
    Macros known;
    if (!side.connected) {
        reached = Step::connect;
        known = macros(Stage::connect, side);
        opinion = co_await side.session->connect(session_.client, known);
        side.connected = true;
        if (opinion.kind != Kind::go_on) co_return opinion;
    }
    if (step >= Step::helo && side.helos != helos_) {
        reached = Step::helo;
        known = macros(Stage::helo, side);
        opinion = co_await side.session->helo(helo_, known);
        side.helos = helos_;
        if (opinion.kind != Kind::go_on) co_return opinion;
    }
    if (step >= Step::mail && !side.mail && mail_) {
        reached = Step::mail;
        known = macros(Stage::mail, side);
        side.mail = true;
        opinion = co_await side.session->mail(mail_->path, mail_->parameters, known);
        if (opinion.kind != Kind::go_on) co_return opinion;
    }
    while (step >= Step::rcpt && side.rcpts < rcpts_.size()) {
        reached = Step::rcpt;
        const Path& one = rcpts_[side.rcpts];
        macro("{rcpt_addr}", std::string{without_brackets(one.path)});
        macro("{rcpt_host}", std::string{domain_of(without_brackets(one.path))});
        known = macros(Stage::rcpt, side);
        opinion = co_await side.session->rcpt(one.path, one.parameters, known);
        const bool last = ++side.rcpts == rcpts_.size();
        if (last && step == Step::rcpt) co_return opinion;
        // SMTP has accepted this one before the filter was there to refuse it.
        if (opinion.refuses())
            side.refused.push_back({std::string{without_brackets(one.path)}, "", false});
        else if (opinion.kind != Kind::go_on)
            co_return opinion;
        opinion = {};
    }
    if (step >= Step::data && !side.data) {
        reached = Step::data;
        known = macros(Stage::data, side);
        side.data = true;
        opinion = co_await side.session->data(known);
        if (opinion.kind != Kind::go_on) co_return opinion;
    }
    if (step == Step::content) {
        reached = Step::content;
        opinion = co_await show_content(side, message);
    }
    co_return opinion;
}

net::Task<Decision> Visit::ask(Side& side, Step step, std::string_view message) {
    for (bool again = false;; again = true) {
        Step reached = Step::connect;
        std::string why;
        bool stale = false, done = false;
        Opinion opinion;
        try {
            if (!side.session) {
                Connections::Taken taken = co_await connections_.take(side.milter, again);
                side.session = std::move(taken.session);
                side.used_before = taken.used_before;
            }
            opinion = co_await attempt(side, step, message, reached);
            done = true;
        } catch (const net::SessionEnd& end) {
            if (end.reason() == net::SessionEnd::Reason::shutdown) throw;
            why = end.what();
            // A connection that waited for us may have been closed meanwhile.
            const bool silent = end.reason() == net::SessionEnd::Reason::timeout;
            const bool never_spoke = side.session && !side.session->heard();
            stale = side.used_before && !again && (!silent || never_spoke);
            if (stale && silent) {
                connections_.distrust(side.milter);
                session_.log.warning(
                    session_.id, "Milter {} does not serve a second session on its connection; none is kept",
                    side.milter.name);
            }
        } catch (const Nonsense& nonsense) {
            why = nonsense.what();
        }
        if (done) {
            Decision decision = decide(side, opinion, step, reached);
            co_return decision;
        }
        if (!stale) {
            Decision decision = failed(side, why);
            co_return decision;
        }
        side.forget_session();
    }
}

net::Task<Decision> Visit::step(Step step) {
    Decision decision;
    last_ = step;
    const std::string_view no_content;
    if (discarded_) co_return *discarded_;
    for (const auto& side : sides_) {
        if (side->for_session) co_return *side->for_session;
        if (step >= Step::mail && side->for_message) co_return *side->for_message;
        if (side->passes_session || (step >= Step::mail && (side->passes_message || side->content))) continue;
        decision = co_await ask(*side, step, no_content);
        if (decision.kind != Decision::Kind::none) co_return decision;
    }
    co_return decision;
}

net::Task<Decision> Visit::connected() {
    Decision decision = co_await step(Step::connect);
    co_return decision;
}

net::Task<Decision> Visit::helo(std::string name) {
    helo_ = std::move(name);
    ++helos_;
    Decision decision = co_await step(Step::helo);
    co_return decision;
}

net::Task<Decision> Visit::mail(std::string path, std::vector<std::string> parameters) {
    co_await reset();
    const std::string_view address = without_brackets(path);
    macro("{mail_addr}", std::string{address});
    macro("{mail_host}", std::string{domain_of(address)});
    mail_ = Path{std::move(path), std::move(parameters)};
    // Who has logged in is known from here on; what is said of the session before is no secret.
    if (values_.contains("{auth_authen}"))
        for (const auto& side : sides_) side->passes_message = side->milter.skip_authenticated;
    Decision decision = co_await step(Step::mail);
    co_return decision;
}

net::Task<Decision> Visit::rcpt(std::string path, std::vector<std::string> parameters) {
    Decision decision;
    if (rcpts_.size() >= most_rcpts) co_return decision;  // whoever is asked has smaller limits
    rcpts_.push_back({std::move(path), std::move(parameters)});
    decision = co_await step(Step::rcpt);
    if (!decision.refuses()) co_return decision;
    // It has not become a recipient; those who have seen it will not see the next one in its place.
    rcpts_.pop_back();
    for (const auto& side : sides_) side->rcpts = std::min(side->rcpts, rcpts_.size());
    co_return decision;
}

net::Task<Decision> Visit::data() {
    Decision decision = co_await step(Step::data);
    co_return decision;
}

net::Task<Decision> Visit::catch_up() {
    Decision decision = co_await step(last_);
    co_return decision;
}

net::Task<> Visit::refused_rcpt(std::string path, std::vector<std::string> parameters, std::string status,
                                std::string text) {
    const auto wanted = [this](const Side& side) {
        return side.session && side.mail && side.rcpts == rcpts_.size() && !side.passes_session
               && !side.passes_message && !side.content && !side.for_session && !side.for_message
               && (side.session->options().steps & rejected_rcpt) != 0;
    };
    for (const auto& side : sides_) {
        if (!wanted(*side)) continue;
        macro("{rcpt_mailer}", "error");
        macro("{rcpt_host}", status);
        macro("{rcpt_addr}", text);
        const Macros known = macros(Stage::rcpt, *side);
        std::string why;
        try {
            (void)co_await side->session->rcpt(path, parameters, known);
        } catch (const net::SessionEnd& end) {
            if (end.reason() == net::SessionEnd::Reason::shutdown) throw;
            why = end.what();
        } catch (const Nonsense& nonsense) {
            why = nonsense.what();
        }
        if (!why.empty()) (void)failed(*side, why);
    }
    macro("{rcpt_mailer}", "");
}

net::Task<Decision> Visit::unknown(std::string line) {
    Decision decision;
    for (const auto& side : sides_) {
        if (side->passes_session || side->for_session || !side->session) continue;
        std::string why;
        Opinion opinion;
        try {
            opinion = co_await side->session->unknown(line);
        } catch (const net::SessionEnd& end) {
            if (end.reason() == net::SessionEnd::Reason::shutdown) throw;
            why = end.what();
        } catch (const Nonsense& nonsense) {
            why = nonsense.what();
        }
        if (!why.empty())
            decision = failed(*side, why);
        else if (opinion.refuses())
            decision = decide(*side, opinion, Step::rcpt, Step::rcpt);
        if (decision.kind != Decision::Kind::none) co_return decision;
    }
    co_return decision;
}

net::Task<Content> Visit::message(std::string_view message) {
    Content content;
    std::string_view shown = message;
    for (const auto& side : sides_) {
        if (discarded_) break;
        if (side->for_session)
            content.decision = *side->for_session;
        else if (side->for_message)
            content.decision = *side->for_message;
        else if (side->passes_session || side->passes_message || side->content)
            continue;
        else {
            content.decision = co_await ask(*side, Step::content, shown);
            side->content = true;
        }
        if (content.decision.refuses()) break;
        if (discarded_ || !side->session) continue;
        const bool spaced = (side->session->options().steps & leading_space) != 0;
        if (auto changed = side->changes.apply(shown, spaced)) {
            content.message = std::move(*changed);
            shown = *content.message;
        }
        Changes& changes = side->changes;
        for (auto& one : side->refused) content.recipients.push_back(std::move(one));
        for (auto& one : changes.recipients) content.recipients.push_back(std::move(one));
        if (changes.sender) content.sender = std::move(changes.sender);
        if (changes.quarantine) content.quarantine = std::move(changes.quarantine);
        if (!changes.empty())
            session_.log.info(session_.id, "Milter {} has changed the message", side->milter.name);
    }
    if (discarded_) content.decision = *discarded_;
    if (content.decision.kind == Decision::Kind::none) content.decision = {};
    // For those that wanted to see no more the transaction is over, too.
    for (const auto& side : sides_) {
        if (side->content || !side->mail) continue;
        const auto kept = side->for_message;
        co_await end_message(*side);
        side->for_message = kept;
        side->passes_message = true;
    }
    co_return content;
}

net::Task<> Visit::end_message(Side& side) {
    bool broken = false;
    if (side.session && side.mail) {
        try {
            co_await side.session->abort();
        } catch (const net::SessionEnd& end) {
            if (end.reason() == net::SessionEnd::Reason::shutdown) throw;
            broken = true;
        }
    }
    if (broken) side.forget_session();
    side.forget_message();
}

net::Task<> Visit::reset() {
    for (const auto& side : sides_) co_await end_message(*side);
    mail_.reset();
    rcpts_.clear();
    discarded_.reset();
}

net::Task<> Visit::close() {
    const net::Executor executor = co_await boost::asio::this_coro::executor;
    for (const auto& side : sides_) {
        if (!side->session) continue;
        try {
            co_await end_message(*side);
            if (side->session && side->session->reusable() && connections_.keeps(side->milter)) {
                co_await side->session->next_session();
                connections_.keep(side->milter, std::move(side->session), executor);
            } else if (side->session) {
                co_await side->session->quit();
            }
        } catch (const std::exception&) {
            // It is gone; nothing is lost.
        }
        side->session.reset();
    }
}

}  // namespace postrider::filter::milter
