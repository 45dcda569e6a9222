#include "app/key_file.h"
#include "app/server_rooms.h"
#include "delivery/post.h"
#include "queue/survey.h"
#include "rules/autopurge.h"

/// Rules of sending and receiving: what keeps count, what tells people, what tidies up.
namespace postrider::app {
namespace {

constexpr auto quota_written_every = std::chrono::seconds{5};
constexpr auto addresses_swept_every = std::chrono::seconds{60};
constexpr auto queue_seen_every = std::chrono::seconds{60};
constexpr auto purged_every = std::chrono::seconds{6 * 3600};
constexpr std::chrono::seconds memory_swept_every = std::chrono::hours{6};

}  // namespace

void Server::Rooms::open_rules() {
    observe::Logger processing = log->logger("PROCESSING", settings.processing.log);
    send_quota = std::make_unique<rules::SendQuota>(store->kv());
    rules::NoticeOptions options;
    options.host = host;
    options.directory = directory_path;
    notices = std::make_unique<rules::Notices>(*directory, *store, clock, processing, std::move(options),
                                               [this](const mime::AddrSpec& to, std::string message) {
                                                   return delivery::post_own(*router, *intake, clock, to,
                                                                             std::move(message));
                                               });
    send_quota->on_exceeded = [this](AccountId account, const rules::SendQuota::Use& use) {
        notices->sent_too_much(account, use);
    };
    intake->on_grown = [this](AccountId account) { notices->mail_arrived(account); };

    housekeeper = std::make_unique<Housekeeper>();
    housekeeper->add(quota_written_every, [this] {
        if (!send_quota->flush()) server_log.error({}, "Sending limits cannot be written");
    });
    housekeeper->add(addresses_swept_every, [this] {
        auto swept = directory->sweep_temporary_aliases();
        if (!swept) server_log.error({}, "Temporary addresses: {}", swept.error().what);
        if (swept && *swept != 0) server_log.info({}, "{} temporary addresses forgotten", *swept);
    });
    housekeeper->add(memory_swept_every, [this] { filtering->sweep(); });
    housekeeper->add(queue_seen_every, [this] { measure_queue(); });
    housekeeper->add(purged_every, [this] {
        rules::autopurge_all(*directory, *store, clock.now(), server_log,
                             [this] { return housekeeper->running(); });
    });
}

/// How much waits, and for how long: what an administrator looks at first.
void Server::Rooms::measure_queue() {
    auto seen = queue::survey(*queue, clock.now(), [this] { return housekeeper->running(); });
    if (!seen) return server_log.error({}, "The queue cannot be looked through: {}", seen.error().what);
    metrics.gauge("queue.messages", "Messages in the queue, once a minute")
        .set(static_cast<std::int64_t>(seen->messages));
    metrics.gauge("queue.recipients", "Recipients that wait, once a minute")
        .set(static_cast<std::int64_t>(seen->recipients));
    metrics.gauge("queue.octets", "Size of the messages in the queue, once a minute")
        .set(static_cast<std::int64_t>(seen->octets));
    metrics.gauge("queue.oldest", "Seconds for which the oldest message has been in the queue, once a minute")
        .set(seen->oldest.count());
}

/// Passwords for other servers are sealed under a key of their own, which is not in the store.
std::expected<void, std::string> Server::Rooms::open_rpop() {
    auto key = load_or_create_key(directory_path / "run" / "rpop.key");
    if (!key) return std::unexpected(key.error());
    rpop_connections = std::make_unique<rpop::Connections>(store->kv(), *directory, clock, std::move(*key));
    return {};
}

void Server::Rooms::start_rules() {
    notices->start();
    anti_spam->start();
    imap_events->start();
    housekeeper->start();
    reporter->start();
}

void Server::Rooms::stop_rules() {
    reporter->stop();
    save_reports();
    housekeeper->stop();
    notices->stop();
    imap_events->stop();
    filtering->scanners().on_return({});
    anti_spam->stop();
    if (!send_quota->flush()) server_log.error({}, "Sending limits cannot be written");
}

}  // namespace postrider::app
