#include "filter/milter/visit.h"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>

#include "filter/milter/path_words.h"

/// The steps of a session, as filters follow them.
namespace postrider::filter::milter {
namespace {

constexpr std::size_t most_rcpts = 100'000;

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
