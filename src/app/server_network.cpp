#include <thread>

#include "app/server_rooms.h"

/// Where a server is reached: the listeners of each service, and what its sessions are handed.
namespace postrider::app {
namespace {

constexpr std::size_t max_waiting_jobs = 10'000;

/// A service's share of the threads that may block.
std::unique_ptr<net::WorkerPool> workers_of(const settings::ServiceSettings& service) {
    return std::make_unique<net::WorkerPool>(
        net::WorkerPool::Threads{service.min_threads, service.max_threads}, max_waiting_jobs);
}

unsigned cores() {
    return std::max(1u, std::thread::hardware_concurrency());
}

/// One protocol's name in ports(): the second word where TLS comes first.
std::string port_name(smtp::Protocol protocol, bool tls) {
    switch (protocol) {
        case smtp::Protocol::smtp: return tls ? "smtps" : "smtp";
        case smtp::Protocol::submission: return tls ? "submissions" : "submission";
        case smtp::Protocol::lmtp: return "lmtp";
    }
    return {};
}

}  // namespace

std::expected<void, std::string> Server::Rooms::open_network() {
    auto made = ControlServer::open(directory_path / "run" / "control", *operations, server_log);
    if (!made) return std::unexpected(made.error());
    control = std::move(*made);
    io = std::make_unique<net::IoPool>(cores());
    if (runs(settings::Service::log))
        if (auto ok = open_log_receivers(); !ok) return ok;
    if (runs(settings::Service::smtp_incoming))
        if (auto ok = open_smtp(); !ok) return ok;
    if (runs(settings::Service::imap))
        if (auto ok = open_imap(); !ok) return ok;
    if (runs(settings::Service::pop3))
        if (auto ok = open_pop3(); !ok) return ok;
    return {};
}

std::expected<void, std::string> Server::Rooms::open_log_receivers() {
    for (const settings::UdpListenerSettings& listener : settings.server.log.listeners) {
        if (!listener.enable) continue;
        auto rules = net::AccessRules::compile(listener.rules);
        if (!rules) return std::unexpected(listener.address + ": " + rules.error());
        auto welcome = [rules = std::move(*rules)](std::string_view text) {
            auto ip = settings::parse_ip(text);
            return ip && rules.decide(*ip).kind != net::AccessRules::Verdict::Kind::deny;
        };
        auto receiver = observe::LogReceiver::open(*log, metrics, listener.address, std::move(welcome));
        if (!receiver) return std::unexpected(receiver.error());
        log_receivers.push_back(std::move(*receiver));
    }
    return {};
}

std::expected<void, std::string> Server::Rooms::open_smtp() {
    observe::Logger service_log = log->logger("SMTP-IN", settings.smtp.service.log);
    smtp_workers = workers_of(settings.smtp.service);
    message_memory = std::make_unique<smtp::MemoryBudget>(std::size_t{settings.smtp.message_memory} * 1024);
    smtp_services = std::make_unique<smtp::Services>(smtp::Services{
        settings.smtp, host, *smtp_workers, *store, *directory, *authenticator, *router, *intake, clock,
        service_log, *message_memory, metrics.counter("smtp.accepted", "Messages taken by SMTP and LMTP"),
        metrics.counter("smtp.rejected", "Messages refused after DATA")});
    ServiceWords words;
    words.refuse = "421 4.7.0 Too many connections, try later\r\n";
    words.farewell = {"421 4.4.2 " + host + " Timeout, closing\r\n",
                      "421 4.3.2 " + host + " Shutting down\r\n"};
    smtp_listeners =
        std::make_unique<Listeners>(*io, clock, service_log, std::move(words), directory_path.string(),
                                    settings.server.ssl_handshake_timeout);
    if (auto ok = smtp_listeners->set_access(settings.smtp.service.access); !ok) return ok;
    for (const smtp::SmtpListener& listener : settings.smtp.listeners) {
        auto make = [this, &listener](std::shared_ptr<const net::TlsContext> tls) -> Listeners::Serve {
            auto entrance = std::make_shared<smtp::Entrance>(
                smtp::Entrance{listener.protocol, listener.listener.domain, std::move(tls)});
            return [this, entrance](std::unique_ptr<net::Stream> peer, SessionId id) {
                return smtp::serve(std::move(peer), *smtp_services, *entrance, id);
            };
        };
        if (auto ok = smtp_listeners->add(listener.listener, make); !ok) return ok;
        ports.emplace(port_name(listener.protocol, listener.listener.ssl_enable),
                      smtp_listeners->ports().back());
    }
    return {};
}

std::expected<void, std::string> Server::Rooms::open_imap() {
    observe::Logger service_log = log->logger("IMAP", settings.imap.service.log);
    imap_workers = workers_of(settings.imap.service);
    imap_services = std::make_unique<imap::Services>(
        imap::Services{*store, *directory, *authenticator, *imap_workers, clock, service_log,
                       std::make_shared<const imap::ImapSettings>(settings.imap), imap_limits});
    ServiceWords words;
    words.refuse = "* BYE Too many connections, try later\r\n";
    words.farewell = {"* BYE Timeout, closing\r\n", "* BYE Server is shutting down\r\n"};
    imap_listeners =
        std::make_unique<Listeners>(*io, clock, service_log, std::move(words), directory_path.string(),
                                    settings.server.ssl_handshake_timeout);
    if (auto ok = imap_listeners->set_access(settings.imap.service.access); !ok) return ok;
    for (const settings::ListenerSettings& listener : settings.imap.listeners) {
        auto make = [this, &listener](std::shared_ptr<const net::TlsContext> tls) -> Listeners::Serve {
            auto door = std::make_shared<imap::Door>(
                imap::Door{std::move(tls), listener.domain, listener.idle_timeout});
            return [this, door](std::unique_ptr<net::Stream> peer, SessionId id) {
                return imap::serve(std::move(peer), *imap_services, *door, id);
            };
        };
        if (auto ok = imap_listeners->add(listener, make); !ok) return ok;
        ports.emplace(listener.ssl_enable ? "imaps" : "imap", imap_listeners->ports().back());
    }
    return {};
}

std::expected<void, std::string> Server::Rooms::open_pop3() {
    observe::Logger service_log = log->logger("POP3", settings.pop3.service.log);
    pop3_workers = workers_of(settings.pop3.service);
    pop3_services = std::make_unique<pop3::Services>(
        pop3::Services{settings.pop3, host, *pop3_workers, *store, *directory, *authenticator, pop3_occupancy,
                       clock, service_log, metrics.counter("pop3.retrieved", "Messages fetched by POP3")});
    ServiceWords words;
    words.refuse = "-ERR [SYS/TEMP] Too many connections, try later\r\n";
    words.farewell = {"-ERR [SYS/TEMP] Timeout, closing\r\n", "-ERR [SYS/TEMP] Server is shutting down\r\n"};
    pop3_listeners =
        std::make_unique<Listeners>(*io, clock, service_log, std::move(words), directory_path.string(),
                                    settings.server.ssl_handshake_timeout);
    if (auto ok = pop3_listeners->set_access(settings.pop3.service.access); !ok) return ok;
    for (const settings::ListenerSettings& listener : settings.pop3.listeners) {
        auto make = [this, &listener](std::shared_ptr<const net::TlsContext> tls) -> Listeners::Serve {
            auto entrance = std::make_shared<pop3::Entrance>(pop3::Entrance{listener.domain, std::move(tls)});
            return [this, entrance](std::unique_ptr<net::Stream> peer, SessionId id) {
                return pop3::serve(std::move(peer), *pop3_services, *entrance, id);
            };
        };
        if (auto ok = pop3_listeners->add(listener, make); !ok) return ok;
        ports.emplace(listener.ssl_enable ? "pop3s" : "pop3", pop3_listeners->ports().back());
    }
    return {};
}

}  // namespace postrider::app
