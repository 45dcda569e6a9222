#include "app/listening_service.h"
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
               net::WorkerPool& workers, observe::Logger log, cli::Jobs& jobs)
        : settings{given},
          tree{std::move(contexts)},
          services{cli::Backend{settings, *rooms.operations, *tree, log, jobs}, workers} {}
};

class Cli final : public ListeningService {
public:
    explicit Cli(Server::Rooms& rooms) : ListeningService{rooms, settings::Service::cli, "CLI"} {}

private:
    void configure(Listeners::Configuration& made, const Settings& settings) override;
    const settings::ServiceSettings& common(const Settings& settings) const override {
        return settings.cli.service;
    }

    cli::Jobs jobs_{[this] { return rooms_.operations->stopping && rooms_.operations->stopping(); }};
    std::shared_ptr<const cli::Tree> tree_ = std::make_shared<const cli::Tree>(settings_table());
};

void Cli::configure(Listeners::Configuration& made, const Settings& settings) {
    const cli::CliSettings& cli = settings.cli;
    auto generation =
        std::make_shared<const Generation>(cli, tree_, rooms_, workers(), logger(settings), jobs_);
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
}

}  // namespace

std::unique_ptr<Service> make_cli_service(Server::Rooms& rooms) {
    return std::make_unique<Cli>(rooms);
}

}  // namespace postrider::app
