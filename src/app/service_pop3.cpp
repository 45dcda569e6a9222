#include "app/listeners.h"
#include "app/server_rooms.h"
#include "app/service_parts.h"
#include "app/services.h"
#include "pop3/session/session.h"

namespace postrider::app {
namespace {

/// What the sessions that began under the same settings share; lives until the last of them has ended.
struct Generation {
    pop3::Pop3Settings settings;
    std::shared_ptr<pop3::Occupancy> occupancy;
    pop3::Services services;

    Generation(const pop3::Pop3Settings& given, std::shared_ptr<pop3::Occupancy> held, Server::Rooms& rooms,
               net::WorkerPool& workers, observe::Logger log)
        : settings{given},
          occupancy{std::move(held)},
          services{settings,
                   rooms.host,
                   workers,
                   *rooms.store,
                   *rooms.directory,
                   *rooms.authenticator,
                   *occupancy,
                   rooms.clock,
                   log,
                   rooms.metrics.counter("pop3.retrieved", "Messages fetched by POP3")} {}
};

class Pop3 final : public Service {
public:
    explicit Pop3(Server::Rooms& rooms)
        : rooms_{rooms},
          listeners_{*rooms.io, rooms.clock, *rooms.sockets, rooms.log->logger("POP3"),
                     rooms.directory_path.string()} {}

    settings::Service id() const override { return settings::Service::pop3; }
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
    std::shared_ptr<pop3::Occupancy> occupancy_ = std::make_shared<pop3::Occupancy>();
    Listeners listeners_;
};

Listeners::Configuration Pop3::configuration(const Settings& settings) {
    const pop3::Pop3Settings& pop3 = settings.pop3;
    share_threads(workers_, pop3.service);
    auto generation = std::make_shared<const Generation>(pop3, occupancy_, rooms_, *workers_,
                                                         rooms_.log->logger("POP3", pop3.service.log));
    Listeners::Configuration made;
    made.access = pop3.service.access;
    made.handshake_timeout = settings.server.ssl_handshake_timeout;
    made.words.refuse = "-ERR [SYS/TEMP] Too many connections, try later\r\n";
    made.words.farewell = {"-ERR [SYS/TEMP] Timeout, closing\r\n",
                           "-ERR [SYS/TEMP] Server is shutting down\r\n"};
    for (const settings::ListenerSettings& listener : pop3.listeners) {
        auto make = [generation, domain = listener.domain](
                        std::shared_ptr<const net::TlsContext> tls) -> Listeners::Serve {
            auto entrance = std::make_shared<pop3::Entrance>(pop3::Entrance{domain, std::move(tls)});
            return [generation, entrance](std::unique_ptr<net::Stream> peer, SessionId id) {
                return pop3::serve(std::move(peer), generation->services, *entrance, id);
            };
        };
        made.listeners.push_back({listener, listener.ssl_enable ? "pop3s" : "pop3", make});
    }
    return made;
}

}  // namespace

std::unique_ptr<Service> make_pop3_service(Server::Rooms& rooms) {
    return std::make_unique<Pop3>(rooms);
}

}  // namespace postrider::app
