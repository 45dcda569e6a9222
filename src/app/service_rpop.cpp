#include "app/server_rooms.h"
#include "app/services.h"

namespace postrider::app {
namespace {

/// Fetches mail from mailboxes elsewhere.
class Rpop final : public Service {
public:
    explicit Rpop(Server::Rooms& rooms)
        : rooms_{rooms},
          retriever_{rpop::Retriever::Parts{*rooms.rpop_connections, *rooms.directory, *rooms.store,
                                            *rooms.intake, *rooms.resolver, rooms.clock, rooms.metrics,
                                            rooms.host,
                                            [&rooms](AccountId id) { return rooms.places.location(id); }}} {
        rooms.operations->rpop_due = [this] { retriever_.kick(); };
    }

    settings::Service id() const override { return settings::Service::rpop; }
    std::expected<void, std::string> prepare(const Settings& settings) override {
        settings_ = settings.rpop;
        return {};
    }
    void start() override { retriever_.start(settings_, rooms_.log->logger("RPOP", settings_.log)); }
    void stop(Addresses) override { retriever_.stop(session_grace); }
    std::vector<std::string> apply(const Settings& settings) override {
        settings_ = settings.rpop;
        retriever_.apply(settings_, rooms_.log->logger("RPOP", settings_.log));
        return {};
    }
    std::size_t sessions() const override { return retriever_.running(); }

private:
    Server::Rooms& rooms_;
    rpop::RpopSettings settings_;
    rpop::Retriever retriever_;
};

}  // namespace

std::unique_ptr<Service> make_rpop_service(Server::Rooms& rooms) {
    return std::make_unique<Rpop>(rooms);
}

}  // namespace postrider::app
