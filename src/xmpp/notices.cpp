#include "xmpp/notices.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <filesystem>

#include "net/connect.h"
#include "net/pools.h"
#include "net/run_task.h"
#include "text/utf8.h"
#include "xmpp/session/places.h"

namespace postrider::xmpp {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// What ends may take so long when the server stops.
constexpr auto stop_grace = 2s;

std::string_view word(Notice::Urgency urgency) {
    switch (urgency) {
        case Notice::Urgency::high: return "high";
        case Notice::Urgency::medium: return "medium";
        case Notice::Urgency::low: return "low";
    }
    return "medium";
}

}  // namespace

/// RFC 5437 §3; XEP-0131 §4 for the urgency.
Element stanza_of(const Notice& notice, const std::string& id) {
    Element message{ns::client, "message"};
    message.set("to", notice.to).set("id", id);
    message.set("type", notice.urgency == Notice::Urgency::high ? "normal" : "headline");
    if (!notice.subject.empty())
        message.add(Element{ns::client, "subject"}.say(text::truncate_utf8(notice.subject, 500)));
    message.add(Element{ns::client, "body"}.say(text::truncate_utf8(notice.text, max_notice_text)));
    Element headers{ns::shim, "headers"};
    headers.add(Element{ns::shim, "header"}.set("name", "Urgency").say(word(notice.urgency)));
    return message.add(std::move(headers));
}

Notices::Notices(dns::Resolver& resolver, const Clock& clock, observe::Metrics& metrics,
                 std::string directory)
    : Notices{resolver, clock, metrics, std::move(directory), Times{}} {}

Notices::Notices(dns::Resolver& resolver, const Clock& clock, observe::Metrics& metrics,
                 std::string directory, Times times)
    : resolver_{resolver},
      clock_{clock},
      directory_{std::move(directory)},
      times_{times},
      sent_{metrics.counter("xmpp.sent", "Notices that the XMPP server has taken")},
      dropped_{metrics.counter("xmpp.dropped", "Notices that could not be sent in time, or were too many")},
      failures_{metrics.counter("xmpp.failures", "Sessions with the XMPP server that failed")},
      waiting_gauge_{metrics.gauge("xmpp.waiting", "Notices that wait for the XMPP server")} {}

Notices::~Notices() {
    stop();
}

std::string Notices::configure(XmppSettings settings, observe::Logger log) {
    std::string problem;
    std::shared_ptr<const net::TlsContext> tls;
    if (settings.configured()) {
        if (const auto jid = parse_jid(settings.jid); !jid || jid->local.empty()) {
            problem = fmt::format("xmpp.jid: \"{}\" is not the address of an account", settings.jid);
            settings.jid.clear();
        }
        net::TlsOptions options;
        if (!settings.ca_file.empty() && settings.ca_file != "none")
            options.ca_file = (std::filesystem::path{directory_} / settings.ca_file).string();
        options.handshake_timeout = settings.timeout;
        tls = net::TlsContext::client(options, net::TlsOptions::Verify::yes);
        if (!tls->usable()) problem = "xmpp: " + tls->problem();
    }
    {
        std::lock_guard lock{mutex_};
        plan_ = {std::move(settings), std::move(tls), log};
        ++configured_times_;
        problem_ = problem;
        session_.wake();
    }
    rung_.notify_all();
    return problem;
}

Notices::Plan Notices::plan() const {
    std::lock_guard lock{mutex_};
    return plan_;
}

bool Notices::available() const {
    std::lock_guard lock{mutex_};
    return plan_.settings.configured();
}

Notices::State Notices::state() const {
    std::lock_guard lock{mutex_};
    return {plan_.settings.configured(), connected_, waiting_.size(), problem_};
}

bool Notices::tell(Notice notice) {
    const auto to = parse_jid(notice.to);
    if (!to) return false;
    {
        std::lock_guard lock{mutex_};
        if (!plan_.settings.configured()) return false;
        const std::size_t most = plan_.settings.max_waiting;
        std::size_t& his = for_one_[notice.to];
        if (waiting_.size() >= most || his >= std::max<std::size_t>(most / 10, 1)) {
            if (his == 0) for_one_.erase(notice.to);
            dropped_.add();
            if (!std::exchange(told_full_, true))
                plan_.log.warning({}, "Too many notices wait for the XMPP server: more are left out");
            return false;
        }
        ++his;
        waiting_.push_back({++last_number_, std::move(notice), clock_.now() + plan_.settings.keep_for});
        waiting_gauge_.set(static_cast<std::int64_t>(waiting_.size()));
        session_.wake();
    }
    rung_.notify_one();
    return true;
}

void Notices::forget(std::deque<Waiting>::iterator one) {
    if (const auto his = for_one_.find(one->notice.to); his != for_one_.end() && --his->second == 0)
        for_one_.erase(his);
    waiting_.erase(one);
    waiting_gauge_.set(static_cast<std::int64_t>(waiting_.size()));
    told_full_ = false;
}

void Notices::forget_up_to(std::uint64_t number) {
    std::lock_guard lock{mutex_};
    while (!waiting_.empty() && waiting_.front().number <= number) {
        sent_.add();
        plan_.log.info({}, "{} was told by XMPP", waiting_.front().notice.to);
        forget(waiting_.begin());
    }
}

/// They are in the order of their ends, as long as nobody makes keepFor shorter.
void Notices::forget_old() {
    std::lock_guard lock{mutex_};
    std::size_t many = 0;
    for (; !waiting_.empty() && waiting_.front().until <= clock_.now(); ++many) {
        dropped_.add();
        forget(waiting_.begin());
    }
    if (many != 0) plan_.log.warning({}, "{} notices could not be sent by XMPP in time: {}", many, problem_);
}

// ---- the session

net::Task<std::unique_ptr<Client>> Notices::log_in(Plan plan) {
    const XmppSettings& settings = plan.settings;
    const auto jid = parse_jid(settings.jid);
    if (!jid) throw Client::Trouble{"no address of our own"};
    std::string domain = jid->domain, host = settings.host;
    std::vector<net::Endpoint> where =
        co_await places(std::move(domain), std::move(host), settings.port, resolver_);
    net::ConnectOptions plain;  // STARTTLS is the session's business
    plain.connect_timeout = settings.timeout;
    plain.idle_timeout = std::chrono::seconds{0};
    std::unique_ptr<net::Stream> stream = co_await net::connect_to_any(std::move(where), std::move(plain));
    Client::Options options;
    options.jid = *jid;
    options.password = settings.password;
    options.host = settings.host;
    options.tls = settings.tls;
    options.context = plan.tls;
    options.patience = settings.timeout;
    options.log = plan.log;
    auto client = std::make_unique<Client>(std::move(stream), std::move(options));
    co_await client->open();
    co_return client;
}

/// What waits and has not been said in this session, and a ping behind it.
net::Task<> Notices::say(Client& client, std::uint64_t& said, std::uint64_t& asked) {
    std::vector<Element> stanzas;
    {
        std::lock_guard lock{mutex_};
        for (const Waiting& one : waiting_) {
            if (one.number <= said) continue;
            if (stanzas.size() == max_batch) break;
            stanzas.push_back(stanza_of(one.notice, fmt::format("n{}", one.number)));
            asked = one.number;
        }
    }
    if (stanzas.empty()) co_return;
    said = asked;
    for (const Element& stanza : stanzas) client.send(stanza);
    Element ping{ns::client, "iq"};
    ping.set("type", "get").set("id", fmt::format("p{}", asked)).set("to", client.bound().domain);
    ping.add(Element{ns::ping, "ping"});
    client.send(ping);
    co_await client.flush();
}

void Notices::heard(const Element& stanza, std::uint64_t& asked) {
    const std::string_view id = stanza.attribute("id"), type = stanza.attribute("type");
    // An error too says that it has been read (XEP-0199 §4.3 is not known everywhere).
    if (stanza.is(ns::client, "iq") && asked != 0 && id == fmt::format("p{}", asked)) {
        forget_up_to(asked);
        asked = 0;
    } else if (stanza.is(ns::client, "message") && type == "error") {
        const Element* error = stanza.child(ns::client, "error");
        const std::string why = error ? condition_of(*error, ns::stanza_errors) : "no reason given";
        plan().log.warning({}, "{} cannot be told by XMPP: {}", stanza.attribute("from"), why);
    }
}

/// One session, from log-in until there is nothing more to say. @return what ended it early; ""
net::Task<std::string> Notices::serve() {
    std::uint64_t said = 0, asked = 0, configured = 0;
    std::unique_ptr<Client> client;
    std::string problem;
    try {
        Plan now;
        {
            std::lock_guard lock{mutex_};
            now = plan_;
            configured = configured_times_;
        }
        const std::chrono::seconds patience = now.settings.timeout;
        client = co_await log_in(std::move(now));
        {
            std::lock_guard lock{mutex_};
            session_ = client->stream().wake_handle();
            connected_ = true;
            problem_.clear();
        }
        while (!stopping_) {
            if (asked == 0) co_await say(*client, said, asked);
            {
                std::lock_guard lock{mutex_};
                if (configured != configured_times_ && asked == 0) break;
            }
            client->stream().deadline_after(asked != 0 ? patience : times_.idle);
            const std::optional<Element> stanza = co_await client->receive();
            if (stanza) heard(*stanza, asked);
        }
    } catch (const net::SessionEnd& end) {
        // Nothing to say for a while, or the server no longer waits for that: both are well.
        if (asked != 0 || !client) problem = end.what();
    } catch (const std::exception& error) {
        problem = error.what();
    }
    {
        std::lock_guard lock{mutex_};
        session_ = net::Stream::WakeHandle{};
        connected_ = false;
    }
    if (client) co_await client->close();
    co_return problem;
}

std::string Notices::work() {
    std::string problem;
    bool done = false;
    const auto busy = net::asio::make_work_guard(context_);
    net::asio::co_spawn(context_, serve(), [&](std::exception_ptr failed, std::string why) {
        done = true;
        problem = failed ? "the session broke" : std::move(why);
    });
    context_.restart();
    std::optional<steady_clock::time_point> until;
    while (!done) {
        context_.run_for(100ms);
        if (stopping_ && !until) until = steady_clock::now() + stop_grace;
        if (until && steady_clock::now() > *until) break;
    }
    return problem;
}

void Notices::start() {
    std::lock_guard lock{mutex_};
    if (running_) return;
    running_ = true;
    stopping_ = false;
    thread_ = std::thread{[this] { run(); }};
}

void Notices::stop() {
    {
        std::lock_guard lock{mutex_};
        if (!running_) return;
        running_ = false;
        stopping_ = true;
        session_.wake();
    }
    rung_.notify_all();
    thread_.join();
    std::lock_guard lock{mutex_};
    if (!waiting_.empty())
        plan_.log.warning({}, "{} notices were not sent by XMPP before the end", waiting_.size());
}

void Notices::run() {
    net::block_sigpipe();
    std::chrono::milliseconds pause{0};
    auto again_at = steady_clock::now();
    std::unique_lock lock{mutex_};
    while (running_) {
        rung_.wait(lock, [&] { return !running_ || (!waiting_.empty() && plan_.settings.configured()); });
        // New settings may be what was needed.
        const auto before = configured_times_;
        rung_.wait_until(lock, again_at, [&] { return !running_ || configured_times_ != before; });
        lock.unlock();
        forget_old();
        lock.lock();
        if (!running_) return;
        if (waiting_.empty() || !plan_.settings.configured()) continue;
        lock.unlock();
        const std::string problem = work();
        lock.lock();
        if (problem.empty()) {
            pause = {};
            continue;
        }
        failures_.add();
        problem_ = problem;
        plan_.log.warning({}, "{}; {} notices wait", problem, waiting_.size());
        pause = std::clamp(pause * 2, times_.first_pause, times_.last_pause);
        again_at = steady_clock::now() + pause;
    }
}

// ---- for administrators

net::Task<std::string> Notices::try_log_in(Plan plan) {
    std::string problem;
    std::unique_ptr<Client> client;
    try {
        client = co_await log_in(std::move(plan));
    } catch (const std::exception& error) {
        problem = error.what();
    }
    if (client) co_await client->close();
    co_return problem;
}

std::string Notices::check() {
    Plan now = plan();
    const auto jid = parse_jid(now.settings.jid);
    if (!jid) return "no XMPP server is configured";
    now.settings.jid = jid->bare();  // beside the session that stands, not in its place
    net::asio::io_context context{1};
    return net::run_task(context, try_log_in(std::move(now)));
}

}  // namespace postrider::xmpp
