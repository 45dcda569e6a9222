#include "app/listening_service.h"
#include "app/services.h"
#include "managesieve/session/session.h"

namespace postrider::app {
namespace {

/// What the sessions that began under the same settings share; lives until the last of them has ended.
struct Generation {
    managesieve::ManageSieveSettings settings;
    managesieve::Services services;

    Generation(const managesieve::ManageSieveSettings& given, Server::Rooms& rooms, net::WorkerPool& workers,
               observe::Logger log)
        : settings{given},
          services{settings,
                   rooms.host,
                   workers,
                   *rooms.authenticator,
                   rooms.filtering->scripts(),
                   log,
                   [&notices = *rooms.xmpp_notices] { return notices.available(); }} {}
};

class ManageSieve final : public ListeningService {
public:
    explicit ManageSieve(Server::Rooms& rooms)
        : ListeningService{rooms, settings::Service::manage_sieve, "MANAGESIEVE"} {}

private:
    void configure(Listeners::Configuration& made, const Settings& settings) override;
    const settings::ServiceSettings& common(const Settings& settings) const override {
        return settings.manage_sieve.service;
    }
};

void ManageSieve::configure(Listeners::Configuration& made, const Settings& settings) {
    auto generation =
        std::make_shared<const Generation>(settings.manage_sieve, rooms_, workers(), logger(settings));
    made.words.refuse = "BYE (TRYLATER) \"Too many connections, try later\"\r\n";
    made.words.farewell = {"BYE \"Timeout, closing\"\r\n", "BYE (TRYLATER) \"Server is shutting down\"\r\n"};
    for (const settings::ListenerSettings& listener : settings.manage_sieve.listeners) {
        auto make = [generation, domain = listener.domain](
                        std::shared_ptr<const net::TlsContext> tls) -> Listeners::Serve {
            auto entrance =
                std::make_shared<managesieve::Entrance>(managesieve::Entrance{domain, std::move(tls)});
            return [generation, entrance](std::unique_ptr<net::Stream> peer, SessionId id) {
                return managesieve::serve(std::move(peer), generation->services, *entrance, id);
            };
        };
        made.listeners.push_back({listener, listener.ssl_enable ? "sieves" : "sieve", make});
    }
}

}  // namespace

std::unique_ptr<Service> make_managesieve_service(Server::Rooms& rooms) {
    return std::make_unique<ManageSieve>(rooms);
}

}  // namespace postrider::app
