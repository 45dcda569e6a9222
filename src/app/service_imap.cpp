#include "app/listeners.h"
#include "app/server_rooms.h"
#include "app/service_parts.h"
#include "app/services.h"
#include "imap/service.h"

namespace postrider::app {
namespace {

/// What the sessions that began under the same settings share; lives until the last of them has ended.
struct Generation {
    std::shared_ptr<imap::AccountLimits> limits;
    imap::Services services;
};

class Imap final : public Service {
public:
    explicit Imap(Server::Rooms& rooms)
        : rooms_{rooms},
          listeners_{*rooms.io, rooms.clock, *rooms.sockets, rooms.log->logger("IMAP"),
                     rooms.directory_path.string()} {}

    settings::Service id() const override { return settings::Service::imap; }
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
    std::shared_ptr<imap::AccountLimits> limits_ = std::make_shared<imap::AccountLimits>();
    Listeners listeners_;
};

Listeners::Configuration Imap::configuration(const Settings& settings) {
    const imap::ImapSettings& imap = settings.imap;
    share_threads(workers_, imap.service);
    auto generation = std::make_shared<const Generation>(
        Generation{limits_, imap::Services{*rooms_.store, *rooms_.directory, *rooms_.authenticator, *workers_,
                                           rooms_.clock, rooms_.log->logger("IMAP", imap.service.log),
                                           std::make_shared<const imap::ImapSettings>(imap), *limits_}});
    Listeners::Configuration made;
    made.access = imap.service.access;
    made.handshake_timeout = settings.server.ssl_handshake_timeout;
    made.words.refuse = "* BYE Too many connections, try later\r\n";
    made.words.farewell = {"* BYE Timeout, closing\r\n", "* BYE Server is shutting down\r\n"};
    for (const settings::ListenerSettings& listener : imap.listeners) {
        auto make = [generation, domain = listener.domain, idle = listener.idle_timeout](
                        std::shared_ptr<const net::TlsContext> tls) -> Listeners::Serve {
            auto door = std::make_shared<imap::Door>(imap::Door{std::move(tls), domain, idle});
            return [generation, door](std::unique_ptr<net::Stream> peer, SessionId id) {
                return imap::serve(std::move(peer), generation->services, *door, id);
            };
        };
        made.listeners.push_back({listener, listener.ssl_enable ? "imaps" : "imap", make});
    }
    return made;
}

}  // namespace

std::unique_ptr<Service> make_imap_service(Server::Rooms& rooms) {
    return std::make_unique<Imap>(rooms);
}

}  // namespace postrider::app
