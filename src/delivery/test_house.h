#pragma once

#include <future>
#include <stdexcept>
#include <string>

#include "base/test_eventually.h"
#include "base/test_folder.h"
#include "delivery/intake.h"
#include "delivery/processor.h"
#include "delivery/virtual_queues.h"
#include "observe/memory_log.h"

namespace postrider::delivery {

/// A store, a directory and everything between reception and folders, for tests: accounts alice, bob and
/// carol at example.org. Time stands still until it is moved.
class TestHouse : private TestFolder {
public:
    enum class Sends { nothing, to_virtual_queues };

    explicit TestHouse(Sends sends = Sends::nothing) : TestHouse{sends, {}} {}
    /// In a directory that outlives it, where another may have been before.
    TestHouse(Sends sends, std::filesystem::path directory_path)
        : sends_{sends}, path_{directory_path.empty() ? path() : std::move(directory_path)} {
        open();
        auto known = directory->domain("example.org");
        if (known) {
            domain = known->id;
            return;
        }
        domain = directory->create_domain({"example.org", ""}).value();
        for (std::string name : {"alice", "bob", "carol"}) add_account(name);
    }

    /// Ends it as if the process had died, but for what was still in memory only; opens what is on disk.
    void restart() {
        processor.reset();
        outbound.reset();
        intake.reset();
        queue.reset();
        router.reset();
        directory.reset();
        store.reset();
        open();
    }

private:
    void open() {
        mailstore::Options options;
        options.directory = path_;
        mailstore::LocationConfig location;
        location.options.directory = path_ / "messages";
        options.locations.push_back(std::move(location));
        options.clock = &clock;
        options.log = &logger;
        options.quota = &quotas;
        store = mailstore::MailStore::open(options, &Intake::replay).value();
        directory = directory::Directory::open(store->kv(), clock).value();
        directory->on_change([this](const directory::ChangeEvent& event) {
            if (event.kind == directory::ChangeEvent::Kind::account_created)
                store->create_account(event.account).value();
        });
        router = std::make_unique<Router>(*directory, *store);
        queue = std::make_unique<queue::Queue>(*store);
        intake = std::make_unique<Intake>(*store, clock, logger, metrics, [] {});
        ProcessingOptions processing;
        processing.host = "mail.example.org";
        processing.schedule.max_attempts = 3;
        VirtualQueues::Options virtual_queues;
        virtual_queues.schedule = processing.schedule;
        outbound = std::make_unique<VirtualQueues>(*queue, clock, logger, metrics, virtual_queues, [] {});
        processor = std::make_unique<Processor>(*store, *queue, *router, *intake, clock, logger, processing);
        processor->connect({[this](QueueId id) { return outbound->is_given(id); }, {}, {}});
        if (sends_ == Sends::to_virtual_queues) {
            intake->send_by(&routes);
            processor->send_by(&routes);
        }
    }

public:
    const std::filesystem::path& store_path() const { return path_; }

    AccountId add_account(const std::string& name) {
        directory::NewAccount account;
        account.name = name;
        return directory->create_account(domain, account).value();
    }

    /// Hands a message in as SMTP does; the recipients must be acceptable.
    mailstore::Result<Accepted> send(queue::Envelope envelope, std::string text,
                                     Intake::Quota quota = Intake::Quota::checked, bool waits = false) {
        Incoming message;
        if (waits) message.answer_by = std::chrono::steady_clock::now() + std::chrono::seconds{60};
        envelope.arrival = clock.now();
        for (const queue::Recipient& recipient : envelope.recipients) {
            Destination destination = router->resolve(recipient.address, text.size());
            if (destination.refusal) throw std::runtime_error{destination.refusal->text};
            message.destinations.push_back(std::move(destination));
        }
        message.envelope = std::move(envelope);
        message.payload = std::move(text);
        std::promise<mailstore::Result<Accepted>> promise;
        auto done = promise.get_future();
        intake->accept(std::move(message), quota,
                       [&](mailstore::Result<Accepted> result) { promise.set_value(std::move(result)); });
        return done.get();
    }

    /// Works on everything that is due now, as the processor's threads would.
    std::size_t work() {
        auto due = queue->take_due(clock.now(), 100).value();
        for (const queue::Entry& entry : due) processor->process(entry);
        return due.size();
    }

    std::vector<queue::Entry> entries() {
        std::vector<queue::Entry> all;
        queue->each([&](const queue::Entry& entry) { return all.push_back(entry), true; }).value();
        return all;
    }

    /// The texts of all messages in a folder, as clients read them.
    std::vector<std::string> messages(const std::string& address, const std::string& folder = "INBOX") {
        auto entry = directory->account(*mime::parse_addr_spec(address)).value();
        auto account = store->account(entry->id).value();
        auto view = account->view(account->folder(folder).value().id).value();
        std::vector<Uid> uids;
        view->each_item({{Uid{1}, Uid{UINT32_MAX}}},
                        [&](const mailstore::Item& item) {
                            uids.push_back(item.uid);
                            return true;
                        })
            .value();
        std::vector<std::string> texts;
        for (Uid uid : uids) texts.push_back(view->message(*view->item(uid).value()).value());
        return texts;
    }

    struct Quotas final : mailstore::QuotaSource {
        mailstore::QuotaLimits limits(AccountId) const override { return now; }
        mailstore::QuotaLimits now;
    } quotas;
    ManualClock clock{Time{std::chrono::seconds{1'800'000'000}}};
    observe::MemoryLog memory_log{"PROCESSING"};
    observe::Logger logger = memory_log.logger();
    observe::Metrics metrics;
    std::unique_ptr<mailstore::MailStore> store;
    std::unique_ptr<directory::Directory> directory;
    DomainId domain;
    std::unique_ptr<Router> router;
    std::unique_ptr<queue::Queue> queue;
    std::unique_ptr<Intake> intake;
    DomainRoutes routes;
    std::unique_ptr<VirtualQueues> outbound;
    std::unique_ptr<Processor> processor;

private:
    Sends sends_;
    std::filesystem::path path_;
};

}  // namespace postrider::delivery
