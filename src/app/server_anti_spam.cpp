#include "app/server_rooms.h"
#include "delivery/post.h"

/// What the server learns and remembers about senders, and where it is told what they do.
namespace postrider::app {

std::expected<void, std::string> Server::Rooms::open_anti_spam() {
    auto opened = filter::AntiSpam::open({store->kv(), *store, *directory, clock, metrics,
                                          log->logger("FILTERS", settings.processing.log), host,
                                          [this](const mime::AddrSpec& to, std::string message) {
                                              return delivery::post_own(*router, *intake, clock, to,
                                                                        std::move(message));
                                          }},
                                         settings.anti_spam);
    if (!opened) return std::unexpected(opened.error());
    anti_spam = std::move(*opened);
    // Also what back-off turns away is a try: whoever goes on guessing is shut out by all services.
    authenticator->on_security_event([this](const auth::SecurityEvent& event) {
        if (event.verdict == auth::Verdict::bad_credentials || event.verdict == auth::Verdict::backed_off)
            anti_spam->bans().note(event.peer_ip, filter::Offence::failed_login);
    });
    housekeeper->add(std::chrono::seconds{60}, [this] { anti_spam->every_minute(); });
    housekeeper->add(std::chrono::seconds{3600}, [this] { anti_spam->every_hour(); });
    return {};
}

}  // namespace postrider::app
