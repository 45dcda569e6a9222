#include "app/server.h"

#include <unistd.h>

#include <thread>

#include "app/key_file.h"
#include "app/listeners.h"
#include "base/make_directory.h"
#include "delivery/intake.h"
#include "delivery/processor.h"
#include "imap/service.h"
#include "observe/log_receiver.h"
#include "pop3/session/session.h"
#include "smtp/service.h"

namespace postrider::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_waiting_jobs = 10'000;
constexpr auto session_grace = std::chrono::milliseconds{3000};

std::string host_name() {
    char name[256] = {};
    return gethostname(name, sizeof name - 1) == 0 && *name != '\0' ? name : "localhost";
}

mailstore::QuotaLimits to_limits(const settings::AccountSettings& s) {
    constexpr std::uint64_t kb = 1024;
    return {s.total_message_size_kb * kb, s.total_message_count, s.mbox_count, s.message_size_kb * kb, s.message_count};
}

/// What the mail store asks about quotas, answered by the directory, which is opened after it.
class Quotas final : public mailstore::QuotaSource {
public:
    void ask(const directory::Directory& directory) { directory_.store(&directory, std::memory_order_release); }
    mailstore::QuotaLimits limits(AccountId account) const override {
        auto* directory = directory_.load(std::memory_order_acquire);
        if (!directory) return {};
        auto settings = directory->effective(account);
        return settings ? to_limits(**settings) : mailstore::QuotaLimits{};
    }

private:
    std::atomic<const directory::Directory*> directory_{nullptr};
};

observe::LogOptions log_options(const settings::LogSettings& log, const std::string& host, const fs::path& directory) {
    observe::LogOptions options;
    options.host = host;
    options.directory = (directory / log.path).string();
    options.rules = log.rules;
    options.deduplicate = log.deduplicate;
    options.security_log = log.security_log;
    options.remote = log.log.remote;
    return options;
}

/// A service's share of the threads that may block.
std::unique_ptr<net::WorkerPool> workers_of(const settings::ServiceSettings& service) {
    return std::make_unique<net::WorkerPool>(net::WorkerPool::Threads{service.min_threads, service.max_threads},
                                             max_waiting_jobs);
}

unsigned cores() { return std::max(1u, std::thread::hardware_concurrency()); }

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

/// The rooms in starting order; they end in the opposite one.
struct Server::Rooms {
    fs::path directory_path;
    Settings settings;
    std::string host;

    SystemClock clock;
    observe::Metrics metrics;
    std::unique_ptr<observe::LogService> log;
    observe::Logger server_log, store_log;
    Quotas quotas;
    std::unique_ptr<mailstore::MailStore> store;
    std::unique_ptr<directory::Directory> directory;
    std::unique_ptr<auth::Authenticator> authenticator;
    std::unique_ptr<delivery::Router> router;
    std::unique_ptr<queue::Queue> queue;
    std::unique_ptr<delivery::Processor> processor;
    std::unique_ptr<delivery::Intake> intake;

    std::vector<std::unique_ptr<observe::LogReceiver>> log_receivers;
    // What sessions refer to outlives the I/O threads, with which the last sessions end.
    std::unique_ptr<smtp::MemoryBudget> message_memory;
    std::unique_ptr<smtp::Services> smtp_services;
    imap::AccountLimits imap_limits;
    std::unique_ptr<imap::Services> imap_services;
    pop3::Occupancy pop3_occupancy;
    std::unique_ptr<pop3::Services> pop3_services;

    std::unique_ptr<net::IoPool> io;
    std::unique_ptr<net::WorkerPool> smtp_workers, imap_workers, pop3_workers;
    std::unique_ptr<Listeners> smtp_listeners, imap_listeners, pop3_listeners;

    std::map<std::string, std::uint16_t> ports;
    bool started = false;

    std::expected<void, std::string> open_data();
    std::expected<void, std::string> open_network();
    std::expected<void, std::string> open_log_receivers();
    std::expected<void, std::string> open_smtp();
    std::expected<void, std::string> open_imap();
    std::expected<void, std::string> open_pop3();
    void on_change(const directory::ChangeEvent& event);
    bool runs(settings::Service service) const { return settings.server.services.has(service); }
};

std::expected<void, std::string> Server::Rooms::open_data() {
    if (auto made = make_directory(directory_path / "run"); !made)
        return std::unexpected("The directory " + directory_path.string() + " cannot be made: " + made.error().message());

    log = std::make_unique<observe::LogService>(log_options(settings.server.log, host, directory_path), clock, metrics);
    server_log = log->logger("SERVER");
    store_log = log->logger("STORAGE");

    mailstore::Options options;
    options.directory = directory_path;
    mailstore::LocationConfig location;
    location.options.directory = directory_path / "messages";
    options.locations.push_back(std::move(location));
    options.clock = &clock;
    options.log = &store_log;
    options.quota = &quotas;
    auto opened = mailstore::MailStore::open(options, &delivery::Intake::replay);
    if (!opened) return std::unexpected("The mail store in " + directory_path.string() + " cannot be opened: " + opened.error().what);
    store = std::move(*opened);

    auto known = directory::Directory::open(store->kv(), clock);
    if (!known) return std::unexpected("The directory cannot be opened: " + known.error().what);
    directory = std::move(*known);
    directory->set_primary_domain(settings.server.primary_domain);
    directory->on_change([this](const directory::ChangeEvent& event) { on_change(event); });
    quotas.ask(*directory);

    auth::AuthOptions auth_options;
    auth_options.host_name = host;
    auth_options.allow_alias_logins = settings.server.allow_alias_logins;
    auto key = load_or_create_key(directory_path / "run" / "secret.key");
    if (!key) return std::unexpected(key.error());
    auth_options.secret_key = std::move(*key);
    authenticator = std::make_unique<auth::Authenticator>(*directory, clock, metrics, auth_options);

    observe::Logger processing = log->logger("PROCESSING", settings.processing.log);
    router = std::make_unique<delivery::Router>(*directory, *store);
    queue = std::make_unique<queue::Queue>(*store);
    intake = std::make_unique<delivery::Intake>(*store, clock, processing, metrics, [this] { processor->wake(); });
    processor = std::make_unique<delivery::Processor>(*store, *queue, *router, *intake, clock, processing,
                                                      settings.processing.options(host));
    return {};
}

void Server::Rooms::on_change(const directory::ChangeEvent& event) {
    using Kind = directory::ChangeEvent::Kind;
    mailstore::Result<> done;
    if (event.kind == Kind::account_created) done = store->create_account(event.account);
    if (event.kind == Kind::account_deleted) done = store->delete_account(event.account);
    if (!done) server_log.error({}, "Folders of account {}: {}", event.account.value(), done.error().what);
}

std::expected<void, std::string> Server::Rooms::open_network() {
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
    smtp_services = std::make_unique<smtp::Services>(
        smtp::Services{settings.smtp, host, *smtp_workers, *store, *directory, *authenticator, *router, *intake, clock, service_log,
                       *message_memory, metrics.counter("smtp.accepted", "Messages taken by SMTP and LMTP"),
                       metrics.counter("smtp.rejected", "Messages refused after DATA")});
    ServiceWords words;
    words.refuse = "421 4.7.0 Too many connections, try later\r\n";
    words.farewell = {"421 4.4.2 " + host + " Timeout, closing\r\n", "421 4.3.2 " + host + " Shutting down\r\n"};
    smtp_listeners = std::make_unique<Listeners>(*io, clock, service_log, std::move(words), directory_path.string(),
                                                 settings.server.ssl_handshake_timeout);
    if (auto ok = smtp_listeners->set_access(settings.smtp.service.access); !ok) return ok;
    for (const smtp::SmtpListener& listener : settings.smtp.listeners) {
        auto make = [this, &listener](std::shared_ptr<const net::TlsContext> tls) -> Listeners::Serve {
            auto entrance =
                std::make_shared<smtp::Entrance>(smtp::Entrance{listener.protocol, listener.listener.domain, std::move(tls)});
            return [this, entrance](std::unique_ptr<net::Stream> peer, SessionId id) {
                return smtp::serve(std::move(peer), *smtp_services, *entrance, id);
            };
        };
        if (auto ok = smtp_listeners->add(listener.listener, make); !ok) return ok;
        ports.emplace(port_name(listener.protocol, listener.listener.ssl_enable), smtp_listeners->ports().back());
    }
    return {};
}

std::expected<void, std::string> Server::Rooms::open_imap() {
    observe::Logger service_log = log->logger("IMAP", settings.imap.service.log);
    imap_workers = workers_of(settings.imap.service);
    imap_services = std::make_unique<imap::Services>(imap::Services{
        *store, *directory, *authenticator, *imap_workers, clock, service_log,
        std::make_shared<const imap::ImapSettings>(settings.imap), imap_limits});
    ServiceWords words;
    words.refuse = "* BYE Too many connections, try later\r\n";
    words.farewell = {"* BYE Timeout, closing\r\n", "* BYE Server is shutting down\r\n"};
    imap_listeners = std::make_unique<Listeners>(*io, clock, service_log, std::move(words), directory_path.string(),
                                                 settings.server.ssl_handshake_timeout);
    if (auto ok = imap_listeners->set_access(settings.imap.service.access); !ok) return ok;
    for (const settings::ListenerSettings& listener : settings.imap.listeners) {
        auto make = [this, &listener](std::shared_ptr<const net::TlsContext> tls) -> Listeners::Serve {
            auto door = std::make_shared<imap::Door>(imap::Door{std::move(tls), listener.domain, listener.idle_timeout});
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
        pop3::Services{settings.pop3, host, *pop3_workers, *store, *directory, *authenticator, pop3_occupancy, clock, service_log,
                       metrics.counter("pop3.retrieved", "Messages fetched by POP3")});
    ServiceWords words;
    words.refuse = "-ERR [SYS/TEMP] Too many connections, try later\r\n";
    words.farewell = {"-ERR [SYS/TEMP] Timeout, closing\r\n", "-ERR [SYS/TEMP] Server is shutting down\r\n"};
    pop3_listeners = std::make_unique<Listeners>(*io, clock, service_log, std::move(words), directory_path.string(),
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

Server::Server(std::unique_ptr<Rooms> rooms) : rooms_{std::move(rooms)} {}

Server::~Server() { stop(); }

std::expected<std::unique_ptr<Server>, std::string> Server::open(ServerOptions options) {
    auto rooms = std::make_unique<Rooms>();
    rooms->directory_path = fs::absolute(options.directory);
    rooms->settings = std::move(options.settings);
    rooms->host = rooms->settings.server.server_name.empty() ? host_name() : rooms->settings.server.server_name;
    if (auto ok = rooms->open_data(); !ok) return std::unexpected(ok.error());
    if (options.network)
        if (auto ok = rooms->open_network(); !ok) return std::unexpected(ok.error());
    return std::unique_ptr<Server>{new Server{std::move(rooms)}};
}

void Server::start() {
    rooms_->started = true;
    if (rooms_->runs(settings::Service::processing)) rooms_->processor->start();
    for (Listeners* one : {rooms_->smtp_listeners.get(), rooms_->imap_listeners.get(), rooms_->pop3_listeners.get()})
        if (one) one->start();
    if (rooms_->io) rooms_->io->run();
    rooms_->server_log.info({}, "Postrider {} is running", POSTRIDER_VERSION);
}

void Server::stop() {
    if (!rooms_->started) return;
    rooms_->started = false;
    for (Listeners* one : {rooms_->smtp_listeners.get(), rooms_->imap_listeners.get(), rooms_->pop3_listeners.get()})
        if (one) one->stop(session_grace);
    if (rooms_->io) rooms_->io->stop();
    rooms_->processor->stop();
    rooms_->server_log.info({}, "Postrider has stopped");
}

const std::map<std::string, std::uint16_t>& Server::ports() const { return rooms_->ports; }
const fs::path& Server::directory_path() const { return rooms_->directory_path; }
const Settings& Server::settings() const { return rooms_->settings; }
std::string Server::host() const { return rooms_->host; }
mailstore::MailStore& Server::store() { return *rooms_->store; }
directory::Directory& Server::directory() { return *rooms_->directory; }
auth::Authenticator& Server::authenticator() { return *rooms_->authenticator; }
queue::Queue& Server::queue() { return *rooms_->queue; }
observe::Metrics& Server::metrics() { return rooms_->metrics; }
void Server::wake_queue() { rooms_->processor->wake(); }

}  // namespace postrider::app
