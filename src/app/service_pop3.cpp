#include "app/listening_service.h"
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

class Pop3 final : public ListeningService {
public:
    explicit Pop3(Server::Rooms& rooms) : ListeningService{rooms, settings::Service::pop3, "POP3"} {}

private:
    void configure(Listeners::Configuration& made, const Settings& settings) override;
    const settings::ServiceSettings& common(const Settings& settings) const override {
        return settings.pop3.service;
    }

    std::shared_ptr<pop3::Occupancy> occupancy_ = std::make_shared<pop3::Occupancy>();
};

void Pop3::configure(Listeners::Configuration& made, const Settings& settings) {
    const pop3::Pop3Settings& pop3 = settings.pop3;
    auto generation =
        std::make_shared<const Generation>(pop3, occupancy_, rooms_, workers(), logger(settings));
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
}

}  // namespace

std::unique_ptr<Service> make_pop3_service(Server::Rooms& rooms) {
    return std::make_unique<Pop3>(rooms);
}

}  // namespace postrider::app
