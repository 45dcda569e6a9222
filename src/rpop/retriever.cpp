#include "rpop/retriever.h"

#include <fmt/core.h>

#include <condition_variable>
#include <set>
#include <thread>

#include "auth/crypto.h"
#include "delivery/post.h"
#include "dns/host_addresses.h"
#include "mime/edit.h"
#include "mime/header.h"
#include "net/connect.h"
#include "net/pools.h"
#include "net/run_task.h"
#include "net/tls.h"
#include "rpop/session/errors.h"
#include "rpop/session/imap_fetch.h"
#include "rpop/session/pop3_fetch.h"
#include "settings/address.h"
#include "text/ascii.h"
#include "text/idna.h"

namespace postrider::rpop {
namespace {

constexpr std::chrono::seconds longest_retrieval{1800};
constexpr std::size_t due_at_once = 64;

using Key = std::pair<std::uint64_t, std::uint32_t>;

Key key_of(const Connection& connection) {
    return {connection.account.value(), connection.id};
}

/// The reverse-path that the message came with, as far as it says so.
mime::AddrSpec return_path(std::string_view message) {
    auto raw = mime::find_field(message, "Return-Path");
    if (!raw) return {};
    std::string value = mime::unfold(*raw);
    std::string_view path = text::trim(value);
    if (!path.starts_with('<') || !path.ends_with('>')) return {};
    return mime::parse_addr_spec(path.substr(1, path.size() - 2)).value_or(mime::AddrSpec{});
}

}  // namespace

struct Retriever::Impl {
    Impl(Retriever& self, Parts p)
        : owner{&self},
          parts{std::move(p)},
          fetched{parts.metrics.counter("rpop.fetched", "Messages fetched from mailboxes elsewhere")},
          failed{parts.metrics.counter("rpop.failed", "Retrievals that failed")} {}

    class AccountSink;
    void schedule();
    void work(const Connections::Listed& due);

    Retriever* const owner;
    Parts parts;
    observe::Counter& fetched;
    observe::Counter& failed;

    mutable std::mutex mutex;
    std::condition_variable wake;
    bool stopping = true;
    bool kicked = false;
    RpopSettings settings;
    observe::Logger log;
    std::set<Key> busy;
    std::set<net::asio::io_context*> contexts;
    std::vector<std::unique_ptr<net::asio::io_context>> abandoned;  ///< of retrievals that stop() cut off
    std::unique_ptr<net::WorkerPool> workers;
    std::thread scheduler;
};

class Retriever::Impl::AccountSink final : public Sink {
public:
    AccountSink(Impl& all, const Connections::Listed& due,
                std::shared_ptr<const directory::AccountEntry> account, const observe::Logger& log)
        : all_{all},
          connection_{due.connection},
          status_{due.status},
          account_{std::move(account)},
          log_{log} {}

    void from(std::string ip) { ip_ = std::move(ip); }

    void deliver(std::string message) override {
        mime::Trace trace;
        trace.helo = connection_.host;
        trace.client = ip_;
        trace.by = all_.parts.host;
        trace.with = connection_.protocol == Protocol::pop3 ? "POP3" : "IMAP";
        trace.id = fmt::format("{:X}.{}", connection_.account.value(), connection_.id);
        trace.recipient = account_->address;
        trace.when = mime::in_zone(all_.parts.clock.now());
        mime::Field first;
        bool has_header = message.empty() || (mime::HeaderReader{message}.next(first) && !first.name.empty());
        mime::AddrSpec path = return_path(message);
        std::string payload = mime::received_line(trace);
        if (!has_header && !message.starts_with("\r\n")) payload += "\r\n";
        payload += message;
        auto stored = delivery::put_into_folder(all_.parts.store, all_.parts.intake, all_.parts.clock,
                                                *account_, connection_.folder, std::move(payload), path,
                                                all_.parts.location(account_->id));
        if (!stored)
            throw Failed{stored.error().kind == mailstore::MailError::over_quota
                             ? "the mailbox is full"
                             : "the message cannot be stored now: " + stored.error().what};
        all_.fetched.add();
        log_.info(*stored, "Mail fetched from {} for {} into '{}'", connection_.host, account_->address,
                  connection_.folder);
    }
    bool stopping() const override {
        std::lock_guard lock{all_.mutex};
        return all_.stopping && all_.scheduler.joinable();
    }
    Connections::Seen seen() override { return all_.parts.connections.seen(connection_); }
    void mark_seen(const std::string& uid) override {
        ++status_.fetched;
        if (!all_.parts.connections.mark_seen(connection_, uid))
            throw Failed{"what was fetched cannot be remembered now"};
    }
    void forget_seen(const std::vector<std::string>& uids) override {
        all_.parts.connections.forget_seen(connection_, uids);
    }
    Status& status() override { return status_; }
    void progress() override {
        if (!all_.parts.connections.progress(connection_, status_))
            throw Failed{"what was fetched cannot be remembered now"};
    }

private:
    Impl& all_;
    const Connection& connection_;
    Status status_;
    std::shared_ptr<const directory::AccountEntry> account_;
    const observe::Logger& log_;
    std::string ip_;
};

namespace {

constexpr std::size_t most_addresses = 6;
constexpr std::chrono::seconds connect_time{20};
constexpr std::chrono::seconds idle_time{60};

/// To one of the addresses of the connection's host, with TLS from the first octet where that is wanted.
net::Task<std::unique_ptr<net::Stream>> reach(const Connection& connection, dns::Resolver& resolver,
                                              std::shared_ptr<const net::TlsContext> tls) {
    auto name = settings::parse_ip(connection.host) ? std::optional{connection.host}
                                                    : text::to_alabels(connection.host);
    if (!name) throw Failed{connection.host + " is no host name"};
    const dns::HostAddresses found = co_await dns::host_addresses(resolver, std::move(*name), most_addresses);
    if (found.all.empty()) throw Failed{connection.host + ": " + found.why};
    std::vector<net::Endpoint> addresses;
    for (const std::string& one : found.all) addresses.push_back({one, connection.port});
    net::ConnectOptions options;
    options.connect_timeout = connect_time;
    options.idle_timeout = idle_time;
    options.server_name = connection.host;
    if (connection.security == Security::implicit) options.tls = std::move(tls);
    std::string why;
    std::unique_ptr<net::Stream> peer;
    try {
        peer = co_await net::connect_to_any(std::move(addresses), std::move(options));
    } catch (const net::SessionEnd& end) {
        why = end.what();
    }
    if (!peer) throw Failed{why};
    co_return std::move(peer);
}

template <class AnySink>
net::Task<> retrieve(const Connection& connection, std::string password, dns::Resolver& resolver,
                     AnySink& sink, Limits limits, Time now, Tally& tally) {
    net::TlsOptions options;
    auto verify = connection.verify ? net::TlsOptions::Verify::yes : net::TlsOptions::Verify::no;
    std::shared_ptr<const net::TlsContext> tls = net::TlsContext::client(options, verify);
    std::unique_ptr<net::Stream> peer = co_await reach(connection, resolver, tls);
    peer->deadline_after(longest_retrieval);
    sink.from(peer->peer().ip);
    if (connection.protocol == Protocol::pop3)
        co_await fetch_pop3(*peer, connection, std::move(password), tls, sink, limits, now, tally);
    else
        co_await fetch_imap(*peer, connection, std::move(password), tls, sink, limits, now, tally);
}

}  // namespace

Retriever::Retriever(Parts parts) : impl_{std::make_unique<Impl>(*this, std::move(parts))} {}

Retriever::~Retriever() {
    stop(std::chrono::milliseconds{0});
}

Status Retriever::run(const Connections::Listed& due, const RpopSettings& settings,
                      const observe::Logger& log) {
    Impl& all = *impl_;
    const Connection& connection = due.connection;
    Status after = due.status;
    Tally tally;
    std::string problem;
    bool cut_off = false;
    auto account = all.parts.directory.account(connection.account);
    if (!account && account.error().kind == directory::DirectoryError::not_found) {
        all.parts.connections.remove_all(connection.account);
        return after;
    }
    auto allowed = account ? all.parts.directory.service_allowed(**account, directory::Service::rpop)
                           : directory::Result<bool>{false};
    auto password = all.parts.connections.password(connection);
    const Time now = all.parts.clock.now();
    if (!account || !allowed || !*allowed || !(*account)->enabled) {
        problem = "the account may not fetch mail now";
    } else if (!password) {
        problem = "the password cannot be read: the server's key is another one";
    } else {
        Impl::AccountSink sink{all, due, *account, log};
        Limits limits;
        limits.message = std::uint64_t{settings.max_message_size} * 1024;
        auto context = std::make_unique<net::asio::io_context>(1);
        {
            std::lock_guard lock{all.mutex};
            all.contexts.insert(context.get());
        }
        try {
            net::run_task(*context, retrieve(connection, std::move(*password), all.parts.resolver, sink,
                                             limits, now, tally));
        } catch (const Failed& failure) {
            problem = failure.what();
        } catch (const net::SessionEnd& end) {
            problem = std::string{"the connection ended: "} + end.what();
        } catch (const std::logic_error&) {
            problem = "the service was stopped";  // its context was
            cut_off = true;
        } catch (const std::exception& error) {
            problem = error.what();
        }
        std::lock_guard lock{all.mutex};
        all.contexts.erase(context.get());
        // The resolver may still want to post an answer there: it stops after us.
        if (cut_off) all.abandoned.push_back(std::move(context));
        after = sink.status();
    }
    after.last = now;
    after.ok = problem.empty();
    after.failures = after.ok ? 0 : after.failures + 1;
    after.result =
        fmt::format("{}{} fetched, {} deleted there, {} left there", problem.empty() ? "" : problem + "; ",
                    tally.fetched, tally.deleted, tally.skipped);
    after.next = now + all.parts.connections.pause(connection, after);
    if (!after.ok) all.failed.add();
    std::string line = fmt::format("Account {} connection {} ({}): {}",
                                   account ? (*account)->address : std::to_string(connection.account.value()),
                                   connection.id, connection.host, after.result);
    if (after.ok)
        log.info({}, "{}", line);
    else
        log.warning({}, "{}", line);
    all.parts.connections.finish(connection, due.status, after);
    return after;
}

void Retriever::start(const RpopSettings& settings, observe::Logger log) {
    Impl& all = *impl_;
    std::lock_guard lock{all.mutex};
    if (!all.stopping) return;
    all.stopping = false;
    all.settings = settings;
    all.log = log;
    all.workers = std::make_unique<net::WorkerPool>(
        net::WorkerPool::Threads{std::min(settings.min_threads, settings.max_threads), settings.max_threads},
        1000);
    all.scheduler = std::thread{[this] { impl_->schedule(); }};
}

void Retriever::stop(std::chrono::milliseconds grace) {
    Impl& all = *impl_;
    {
        std::lock_guard lock{all.mutex};
        if (!all.scheduler.joinable()) return;
        all.stopping = true;
    }
    all.wake.notify_all();
    auto until = std::chrono::steady_clock::now() + grace;
    std::unique_lock lock{all.mutex};
    while (!all.busy.empty()) {
        // Again and again: one may just have begun.
        if (std::chrono::steady_clock::now() >= until)
            for (net::asio::io_context* context : all.contexts) context->stop();
        all.wake.wait_for(lock, std::chrono::milliseconds{50});
    }
    lock.unlock();
    all.scheduler.join();
    all.workers.reset();
}

void Retriever::apply(const RpopSettings& settings, observe::Logger log) {
    Impl& all = *impl_;
    std::lock_guard lock{all.mutex};
    all.settings = settings;
    all.log = log;
    if (all.workers)
        all.workers->resize({std::min(settings.min_threads, settings.max_threads), settings.max_threads});
}

void Retriever::kick() {
    {
        std::lock_guard lock{impl_->mutex};
        impl_->kicked = true;
    }
    impl_->wake.notify_all();
}

std::size_t Retriever::running() const {
    std::lock_guard lock{impl_->mutex};
    return impl_->busy.size();
}

void Retriever::Impl::schedule() {
    std::unique_lock lock{mutex};
    while (!stopping) {
        std::size_t free = settings.max_threads > busy.size() ? settings.max_threads - busy.size() : 0;
        if (free != 0) {
            lock.unlock();
            // Those that run are among the due ones until they have finished.
            auto found = parts.connections.due(parts.clock.now(), due_at_once + settings.max_threads);
            lock.lock();
            for (Connections::Listed& one : found) {
                if (free == 0 || stopping) break;
                Key key = key_of(one.connection);
                if (!busy.insert(key).second) continue;
                auto due = std::make_shared<Connections::Listed>(std::move(one));
                if (!workers->post([this, due] { work(*due); })) {
                    busy.erase(key);
                    break;
                }
                --free;
            }
        }
        kicked = false;
        wake.wait_for(lock, 1s, [&] { return stopping || kicked; });
    }
}

void Retriever::Impl::work(const Connections::Listed& due) {
    RpopSettings now;
    observe::Logger writes;
    bool go = false;
    {
        std::lock_guard lock{mutex};
        now = settings;
        writes = log;
        go = !stopping;
    }
    if (go) owner->run(due, now, writes);
    {
        std::lock_guard lock{mutex};
        busy.erase(key_of(due.connection));
        kicked = true;
    }
    wake.notify_all();
}

}  // namespace postrider::rpop
