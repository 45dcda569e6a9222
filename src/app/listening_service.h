#pragma once

#include <memory>

#include "app/listeners.h"
#include "app/server_rooms.h"
#include "app/service.h"
#include "net/pools.h"

namespace postrider::app {

/// A service that takes connections. What its sessions need comes from configuration(), made anew for new
/// settings: sessions keep what they began with.
class ListeningService : public Service {
public:
    /// @param module  as logs name it: "POP3"
    ListeningService(Server::Rooms& rooms, settings::Service id, std::string module);

    settings::Service id() const override { return id_; }
    std::expected<void, std::string> prepare(const Settings& settings) override;
    void start() override { listeners_.start(); }
    void stop(Addresses addresses) override;
    std::vector<std::string> apply(const Settings& settings) override;
    std::vector<std::string> warnings() const override { return listeners_.warnings(); }
    std::size_t sessions() const override { return listeners_.sessions(); }
    void add_ports(Ports& ports) const override { listeners_.add_ports(ports); }

protected:
    /// Adds the words of the service and how it serves each listener; what common() says is in `made`
    /// already.
    virtual void configure(Listeners::Configuration& made, const Settings& settings) = 0;
    virtual const settings::ServiceSettings& common(const Settings& settings) const = 0;

    observe::Logger logger(const Settings& settings) const;
    net::WorkerPool& workers() { return *workers_; }

    Server::Rooms& rooms_;

private:
    Listeners::Configuration configuration(const Settings& settings);

    settings::Service id_;
    std::string module_;
    std::unique_ptr<net::WorkerPool> workers_;
    Listeners listeners_;
};

}  // namespace postrider::app
