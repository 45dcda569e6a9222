#include "app/listening_service.h"
#include "app/services.h"
#include "imap/service.h"

namespace postrider::app {
namespace {

/// What the sessions that began under the same settings share; lives until the last of them has ended.
struct Generation {
    std::shared_ptr<imap::AccountLimits> limits;
    imap::Services services;
};

class Imap final : public ListeningService {
public:
    explicit Imap(Server::Rooms& rooms) : ListeningService{rooms, settings::Service::imap, "IMAP"} {}

private:
    void configure(Listeners::Configuration& made, const Settings& settings) override;
    const settings::ServiceSettings& common(const Settings& settings) const override {
        return settings.imap.service;
    }

    std::function<void(imap::MailEvent)> on_mail() const;
    std::string sieve_url(const Settings& settings) const;

    std::shared_ptr<imap::AccountLimits> limits_ = std::make_shared<imap::AccountLimits>();
};

/// Scripts on what clients do: RFC 6785.
std::function<void(imap::MailEvent)> Imap::on_mail() const {
    return [events = rooms_.imap_events.get()](imap::MailEvent happened) {
        using From = imap::MailEvent::Cause;
        using To = delivery::ImapEvents::Cause;
        const To cause = happened.cause == From::append ? To::append
                         : happened.cause == From::copy ? To::copy
                                                        : To::flag;
        events->happened({happened.account, std::move(happened.user), happened.folder,
                          std::move(happened.uids), cause, std::move(happened.flags), happened.shape});
    };
}

/// Where clients keep scripts: our name, and the port of ManageSieve unless it is the usual one.
std::string Imap::sieve_url(const Settings& settings) const {
    constexpr std::string_view usual = "4190";
    std::string url = "sieve://" + rooms_.host.get();
    if (settings.manage_sieve.listeners.empty()) return url;
    const std::string& address = settings.manage_sieve.listeners.front().address;
    const std::string port = address.substr(address.rfind(':') + 1);
    return port == usual ? url : url + ":" + port;
}

void Imap::configure(Listeners::Configuration& made, const Settings& settings) {
    const imap::ImapSettings& imap = settings.imap;
    auto generation = std::make_shared<const Generation>(Generation{
        limits_,
        imap::Services{*rooms_.store, *rooms_.directory, *rooms_.authenticator, workers(), rooms_.clock,
                       logger(settings), std::make_shared<const imap::ImapSettings>(imap), *limits_,
                       rooms_.full_text.get(), rooms_.sharing.get(), on_mail(), sieve_url(settings)}});
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
}

}  // namespace

std::unique_ptr<Service> make_imap_service(Server::Rooms& rooms) {
    return std::make_unique<Imap>(rooms);
}

}  // namespace postrider::app
