#include "filter/milter/path_words.h"
#include "filter/milter/visit.h"
#include "mime/header.h"

/// How one filter is shown what it has not seen yet, on whichever connection.
namespace postrider::filter::milter {
namespace {

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

}  // namespace

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

}  // namespace postrider::filter::milter
