#include "app/listening_service.h"

namespace postrider::app {
namespace {

/// The service's share of the threads that may block; made at its first start, then only resized: jobs of
/// sessions that are ending may still be in it.
void share_threads(std::unique_ptr<net::WorkerPool>& workers, const settings::ServiceSettings& service) {
    constexpr std::size_t max_waiting_jobs = 10'000;
    net::WorkerPool::Threads threads{service.min_threads, service.max_threads};
    if (workers)
        workers->resize(threads);
    else
        workers = std::make_unique<net::WorkerPool>(threads, max_waiting_jobs);
}

}  // namespace

ListeningService::ListeningService(Server::Rooms& rooms, settings::Service id, std::string module)
    : rooms_{rooms},
      id_{id},
      module_{std::move(module)},
      listeners_{*rooms.io,
                 rooms.clock,
                 *rooms.sockets,
                 rooms.log->logger(module_),
                 rooms.directory_path.string(),
                 &rooms.anti_spam->bans()} {}

std::expected<void, std::string> ListeningService::prepare(const Settings& settings) {
    return listeners_.open(configuration(settings));
}

void ListeningService::stop(Addresses addresses) {
    listeners_.stop(session_grace, addresses);
}

std::vector<std::string> ListeningService::apply(const Settings& settings) {
    return listeners_.apply(configuration(settings));
}

observe::Logger ListeningService::logger(const Settings& settings) const {
    return rooms_.log->logger(module_, common(settings).log);
}

Listeners::Configuration ListeningService::configuration(const Settings& settings) {
    share_threads(workers_, common(settings));
    Listeners::Configuration made;
    made.access = common(settings).access;
    made.handshake_timeout = settings.server.ssl_handshake_timeout;
    configure(made, settings);
    return made;
}

}  // namespace postrider::app
