#include "app/server_rooms.h"
#include "app/services.h"
#include "net/access.h"
#include "observe/log_receiver.h"
#include "settings/address.h"

namespace postrider::app {
namespace {

/// The log service as others see it: it takes their lines (UDP). Our own lines are written in any case.
class Log final : public Service {
public:
    explicit Log(Server::Rooms& rooms) : rooms_{rooms} {}

    settings::Service id() const override { return settings::Service::log; }
    std::expected<void, std::string> prepare(const Settings& settings) override {
        auto made = open(settings);
        if (!made) return std::unexpected(made.error());
        receivers_ = std::move(*made);
        return {};
    }
    void start() override {}
    void stop(Addresses) override { receivers_.clear(); }
    std::vector<std::string> apply(const Settings& settings) override {
        receivers_.clear();  // their sockets are needed; what comes meanwhile is lost, as UDP allows
        auto made = open(settings);
        if (!made) return {made.error()};
        receivers_ = std::move(*made);
        return {};
    }

private:
    using Receivers = std::vector<std::unique_ptr<observe::LogReceiver>>;

    std::expected<Receivers, std::string> open(const Settings& settings) {
        Receivers made;
        for (const settings::UdpListenerSettings& listener : settings.server.log.listeners) {
            if (!listener.enable) continue;
            auto rules = net::AccessRules::compile(listener.rules);
            if (!rules) return std::unexpected(listener.address + ": " + rules.error());
            auto welcome = [rules = std::move(*rules)](std::string_view text) {
                auto ip = settings::parse_ip(text);
                return ip && rules.decide(*ip).kind != net::AccessRules::Verdict::Kind::deny;
            };
            auto receiver =
                observe::LogReceiver::open(*rooms_.log, rooms_.metrics, listener.address, std::move(welcome));
            if (!receiver) return std::unexpected(receiver.error());
            made.push_back(std::move(*receiver));
        }
        return made;
    }

    Server::Rooms& rooms_;
    Receivers receivers_;
};

}  // namespace

std::unique_ptr<Service> make_log_service(Server::Rooms& rooms) {
    return std::make_unique<Log>(rooms);
}

}  // namespace postrider::app
