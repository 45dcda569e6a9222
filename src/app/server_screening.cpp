#include "app/server_rooms.h"

/// What is asked before mail is taken.
namespace postrider::app {
namespace {

constexpr auto tidied_every = std::chrono::seconds{60};

}  // namespace

std::expected<void, std::string> Server::Rooms::open_screening() {
    screening::Screening::Parts parts{*resolver,
                                      *directory,
                                      store->kv(),
                                      nullptr,
                                      clock,
                                      metrics,
                                      log->logger("SMTP-IN", settings.smtp.service.log),
                                      host,
                                      directory_path};
    auto opened = screening::Screening::open(std::move(parts), settings.screening);
    if (!opened) return std::unexpected(opened.error());
    screening = std::move(*opened);
    housekeeper->add(tidied_every, [this] { screening->tidy(); });
    return {};
}

}  // namespace postrider::app
