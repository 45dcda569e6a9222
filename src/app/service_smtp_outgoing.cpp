#include <algorithm>

#include "app/server_rooms.h"
#include "app/services.h"
#include "relay/dispatcher.h"
#include "relay/own_addresses.h"
#include "settings/compare.h"
#include "text/ascii.h"

namespace postrider::app {
namespace {

/// How long a message may take that is on the wire when the service stops.
constexpr std::chrono::milliseconds sending_grace{5000};

/// What a dispatcher works with; lives as long as something is on its way.
struct Generation {
    relay::OutgoingSettings settings;
    std::shared_ptr<const relay::RouteTable> routes;
};

/// Sends what waits for other hosts. While it is stopped the mail waits.
class SmtpOutgoing final : public Service {
public:
    explicit SmtpOutgoing(Server::Rooms& rooms) : rooms_{rooms} {}

    settings::Service id() const override { return settings::Service::smtp_outgoing; }
    std::expected<void, std::string> prepare(const Settings& settings) override {
        dispatcher_ = make(settings);
        return {};
    }
    void start() override {
        rooms_.virtual_queues->on_ready([weak = std::weak_ptr{dispatcher_}] {
            if (auto dispatcher = weak.lock()) dispatcher->wake();
        });
        dispatcher_->start();
    }
    void stop(Addresses) override {
        if (!dispatcher_) return;
        rooms_.virtual_queues->on_ready([] {});
        dispatcher_->stop(sending_grace);
        dispatcher_.reset();
    }
    std::vector<std::string> apply(const Settings& settings) override {
        const bool same =
            settings::differences(relay::outgoing_table(), &settings_, &settings.outgoing).empty()
            && own_listeners(settings) == listeners_ && rooms_.host.get() == name_;
        if (same) return {};
        // What is on its way ends as it began.
        auto before = std::move(dispatcher_);
        dispatcher_ = make(settings);
        before->stop(std::chrono::milliseconds{0});
        start();
        return {};
    }

private:
    std::shared_ptr<relay::Dispatcher> make(const Settings& settings);
    static std::vector<std::string> own_listeners(const Settings& settings) {
        std::vector<std::string> out;
        if (settings.server.services.has(settings::Service::smtp_incoming))
            for (const smtp::SmtpListener& one : settings.smtp.listeners)
                if (one.listener.enable && one.protocol != smtp::Protocol::lmtp)
                    out.push_back(one.listener.address);
        return out;
    }

    Server::Rooms& rooms_;
    std::unique_ptr<net::WorkerPool> workers_;
    relay::OutgoingSettings settings_;
    std::vector<std::string> listeners_;
    std::string name_;  ///< of this server
    std::shared_ptr<relay::Dispatcher> dispatcher_;
};

std::shared_ptr<relay::Dispatcher> SmtpOutgoing::make(const Settings& settings) {
    settings_ = settings.outgoing;
    listeners_ = own_listeners(settings);
    name_ = rooms_.host;
    auto generation = std::make_shared<Generation>(Generation{settings.outgoing, rooms_.routes.get()});
    relay::OutgoingSettings& own = generation->settings;
    // With paths that do not depend on where the process stands.
    const auto absolute = [&](std::string& file) {
        if (!file.empty() && file != "none") file = (rooms_.directory_path / file).string();
    };
    absolute(own.ca_file);
    for (relay::Route& route : own.routes) absolute(route.cert_file);

    constexpr std::size_t max_waiting_jobs = 10'000;
    const net::WorkerPool::Threads threads{own.min_threads, own.max_threads};
    if (workers_)
        workers_->resize(threads);
    else
        workers_ = std::make_unique<net::WorkerPool>(threads, max_waiting_jobs);

    const relay::OwnAddresses addresses{listeners_, relay::OwnAddresses::of_this_machine()};
    relay::HostRules us;
    us.our_name = [host = text::to_lower(name_)](const std::string& name) { return name == host; };
    us.our_address = [addresses](const std::string& ip, std::uint16_t port) {
        return addresses.has(ip, port);
    };
    relay::Dispatcher::Parts parts{
        own,
        *rooms_.virtual_queues,
        *generation->routes,
        *rooms_.resolver,
        &rooms_.tls_keeper->policies(),
        settings.outgoing.tls_reports ? rooms_.tls_keeper->attempts() : nullptr,
        [&store = *rooms_.store](BlobId blob) { return store.read(blob); },
        [this](const delivery::Consignment& consignment) { return rooms_.sender_of(consignment); },
        rooms_.clock,
        *rooms_.io,
        *workers_,
        rooms_.log->logger("SMTP-OUT", own.log),
        rooms_.metrics,
        std::move(us),
        generation};
    return std::make_shared<relay::Dispatcher>(std::move(parts));
}

}  // namespace

std::unique_ptr<Service> make_smtp_outgoing_service(Server::Rooms& rooms) {
    return std::make_unique<SmtpOutgoing>(rooms);
}

}  // namespace postrider::app
