#include "app/listeners.h"
#include "app/server_rooms.h"
#include "app/service_parts.h"
#include "app/services.h"
#include "cli/session/session.h"

namespace postrider::app {
namespace {

/// What the sessions that began under the same settings share; lives until the last of them has ended.
struct Generation {
    cli::CliSettings settings;
    std::shared_ptr<const cli::Tree> tree;
    cli::Services services;

    Generation(const cli::CliSettings& given, std::shared_ptr<const cli::Tree> contexts, Server::Rooms& rooms,
               net::WorkerPool& workers, observe::Logger log)
        : settings{given},
          tree{std::move(contexts)},
          services{cli::Backend{settings, *rooms.operations, *tree, log}, workers} {}
};

class Cli final : public Service {
public:
    explicit Cli(Server::Rooms& rooms)
        : rooms_{rooms},
          listeners_{*rooms.io, rooms.clock, *rooms.sockets, rooms.log->logger("CLI"),
                     rooms.directory_path.string()} {}

    settings::Service id() const override { return settings::Service::cli; }
    std::expected<void, std::string> prepare(const Settings& settings) override {
        return listeners_.open(configuration(settings));
    }
    void start() override { listeners_.start(); }
    void stop(Addresses addresses) override { listeners_.stop(session_grace, addresses); }
    std::vector<std::string> apply(const Settings& settings) override {
        return listeners_.apply(configuration(settings));
    }
    std::size_t sessions() const override { return listeners_.sessions(); }
    void add_ports(Ports& ports) const override { listeners_.add_ports(ports); }

private:
    Listeners::Configuration configuration(const Settings& settings);

    Server::Rooms& rooms_;
    std::unique_ptr<net::WorkerPool> workers_;
    std::shared_ptr<const cli::Tree> tree_ = std::make_shared<const cli::Tree>(settings_table());
    Listeners listeners_;
};

Listeners::Configuration Cli::configuration(const Settings& settings) {
    const cli::CliSettings& cli = settings.cli;
    share_threads(workers_, cli.service);
    auto generation = std::make_shared<const Generation>(cli, tree_, rooms_, *workers_,
                                                         rooms_.log->logger("CLI", cli.service.log));
    Listeners::Configuration made;
    made.access = cli.service.access;
    made.handshake_timeout = settings.server.ssl_handshake_timeout;
    made.words.refuse = "-ERR: too many connections, try later\r\n";
    made.words.farewell = {"\r\n-ERR: timeout, closing\r\n", "\r\n-ERR: the server is shutting down\r\n"};
    for (const settings::ListenerSettings& listener : cli.listeners) {
        auto make = [generation](std::shared_ptr<const net::TlsContext>) -> Listeners::Serve {
            return [generation](std::unique_ptr<net::Stream> peer, SessionId id) {
                return cli::serve(std::move(peer), generation->services, id);
            };
        };
        made.listeners.push_back({listener, listener.ssl_enable ? "clis" : "cli", make});
    }
    return made;
}

}  // namespace

std::unique_ptr<Service> make_cli_service(Server::Rooms& rooms) {
    return std::make_unique<Cli>(rooms);
}

}  // namespace postrider::app
