#include "app/server_rooms.h"
#include "app/services.h"
#include "screening/reports.h"

namespace postrider::app {
namespace {

/// What works on the queue. While it is stopped mail is accepted and waits.
class Processing final : public Service {
public:
    explicit Processing(Server::Rooms& rooms) : rooms_{rooms} {}

    settings::Service id() const override { return settings::Service::processing; }
    std::expected<void, std::string> prepare(const Settings& settings) override {
        take(settings);
        return {};
    }
    void start() override { rooms_.processor->start(); }
    void stop(Addresses) override { rooms_.processor->stop(); }
    std::vector<std::string> apply(const Settings& settings) override {
        // Its threads read the options without a lock; between two entries they end at once.
        rooms_.processor->stop();
        take(settings);
        rooms_.processor->start();
        return {};
    }

private:
    void take(const Settings& settings) {
        rooms_.log->logger("PROCESSING", settings.processing.log);
        delivery::ProcessingOptions options = settings.processing.options(rooms_.host);
        options.schedule = rooms_.schedule(settings);
        options.reports.adjust = [&rooms = rooms_](auto&&... report) {
            screening::adjust_notice(rooms.screening->rules()->policy, report...);
        };
        rooms_.processor->change_options(std::move(options));
        rooms_.max_queue_size = settings.processing.max_queue_size;
        rooms_.intake->delay_by(settings.processing.delay_rules);
        rooms_.virtual_queues->change_schedule(rooms_.schedule(settings));
    }

    Server::Rooms& rooms_;
};

}  // namespace

std::unique_ptr<Service> make_processing_service(Server::Rooms& rooms) {
    return std::make_unique<Processing>(rooms);
}

}  // namespace postrider::app
