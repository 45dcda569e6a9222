#include "app/listening_service.h"
#include "app/services.h"
#include "smtp/service.h"

namespace postrider::app {
namespace {

std::string port_name(smtp::Protocol protocol, bool tls) {
    switch (protocol) {
        case smtp::Protocol::smtp: return tls ? "smtps" : "smtp";
        case smtp::Protocol::submission: return tls ? "submissions" : "submission";
        case smtp::Protocol::lmtp: return "lmtp";
    }
    return {};
}

/// What the sessions that began under the same settings share; lives until the last of them has ended.
struct Generation {
    smtp::SmtpSettings settings;
    std::shared_ptr<smtp::MemoryBudget> memory;
    smtp::Services services;

    Generation(const smtp::SmtpSettings& given, std::shared_ptr<smtp::MemoryBudget> budget,
               Server::Rooms& rooms, net::WorkerPool& workers, net::WorkerPool& scanning, observe::Logger log)
        : settings{given},
          memory{std::move(budget)},
          services{settings,
                   rooms.host,
                   workers,
                   *rooms.store,
                   *rooms.directory,
                   *rooms.authenticator,
                   *rooms.router,
                   *rooms.intake,
                   rooms.clock,
                   log,
                   *memory,
                   rooms.metrics.counter("smtp.accepted", "Messages taken by SMTP and LMTP"),
                   rooms.metrics.counter("smtp.rejected", "Messages refused after DATA"),
                   *rooms.send_quota,
                   rooms.screening.get(),
                   [&rooms](const std::string& host) { return rooms.destination_by(host); },
                   rooms.sharing.get(),
                   &scanning} {}
};

class SmtpIncoming final : public ListeningService {
public:
    explicit SmtpIncoming(Server::Rooms& rooms)
        : ListeningService{rooms, settings::Service::smtp_incoming, "SMTP-IN"} {}

private:
    void configure(Listeners::Configuration& made, const Settings& settings) override;
    const settings::ServiceSettings& common(const Settings& settings) const override {
        return settings.smtp.service;
    }

    std::unique_ptr<net::WorkerPool> scanning_;  ///< for what waits for scanners
    std::shared_ptr<smtp::MemoryBudget> memory_ = std::make_shared<smtp::MemoryBudget>(0);
};

void SmtpIncoming::configure(Listeners::Configuration& made, const Settings& settings) {
    const smtp::SmtpSettings& smtp = settings.smtp;
    memory_->change_limit(std::size_t{smtp.message_memory} * 1024);
    constexpr std::size_t waiting_messages = 256;
    const net::WorkerPool::Threads scanning_threads{1, settings.processing.filtering_threads};
    if (scanning_)
        scanning_->resize(scanning_threads);
    else
        scanning_ = std::make_unique<net::WorkerPool>(scanning_threads, waiting_messages);
    auto generation =
        std::make_shared<const Generation>(smtp, memory_, rooms_, workers(), *scanning_, logger(settings));
    made.words.refuse = "421 4.7.0 Too many connections, try later\r\n";
    made.words.farewell = {"421 4.4.2 " + rooms_.host.get() + " Timeout, closing\r\n",
                           "421 4.3.2 " + rooms_.host.get() + " Shutting down\r\n"};
    for (const smtp::SmtpListener& listener : smtp.listeners) {
        auto make = [generation, protocol = listener.protocol, domain = listener.listener.domain](
                        std::shared_ptr<const net::TlsContext> tls) -> Listeners::Serve {
            auto entrance =
                std::make_shared<smtp::Entrance>(smtp::Entrance{protocol, domain, std::move(tls)});
            return [generation, entrance](std::unique_ptr<net::Stream> peer, SessionId id) {
                return smtp::serve(std::move(peer), generation->services, *entrance, id);
            };
        };
        made.listeners.push_back(
            {listener.listener, port_name(listener.protocol, listener.listener.ssl_enable), make});
    }
}

}  // namespace

std::unique_ptr<Service> make_smtp_incoming_service(Server::Rooms& rooms) {
    return std::make_unique<SmtpIncoming>(rooms);
}

}  // namespace postrider::app
