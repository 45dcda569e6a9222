#pragma once

#include <gtest/gtest.h>

#include <future>

#include "admin/operation.h"
#include "base/test_folder.h"
#include "filter/anti_spam.h"
#include "mailstore/fixture_for_tests.h"
#include "rights/sharing.h"

namespace postrider::admin {

/// Operations on a store of their own, which is gone with the test.
class AdminTest : public ::testing::Test {
protected:
    void SetUp() override {
        open();
        ok("domain add", {{"domain", "example.org"}});
    }
    void open() {
        mailstore::Options options = mailstore::options_in(scratch.path());
        options.log = &logger;
        options.blob_grace = 0s;
        adjust(options);
        auto opened = mailstore::MailStore::open(options, [](auto, auto) { return std::nullopt; });
        ASSERT_TRUE(opened) << opened.error().what;
        store = std::move(*opened);
        auto known = directory::Directory::open(store->kv(), clock);
        ASSERT_TRUE(known) << known.error().what;
        directory = std::move(*known);
        directory->on_change([this](const directory::ChangeEvent& event) {
            using Kind = directory::ChangeEvent::Kind;
            mailstore::Result<> done;
            if (event.kind == Kind::account_created) done = store->create_account(event.account);
            if (event.kind == Kind::account_deleted) done = store->delete_account(event.account);
            EXPECT_TRUE(done) << done.error().what;
        });
        authenticator =
            std::make_unique<auth::Authenticator>(*directory, clock, metrics, auth::AuthOptions{});
        queue = std::make_unique<queue::Queue>(*store);
        context = std::make_unique<Context>(
            Context{*directory, *store, *authenticator, *queue, metrics, clock, false, {}, {}, {}});
        sharing.emplace(*store, *directory);
        context->sharing = &*sharing;
        context->wake_queue = [this] { ++wakes; };
        auto made =
            filter::AntiSpam::open({store->kv(), *store, *directory, clock, metrics, logger, "localhost",
                                    [](const mime::AddrSpec&, std::string) { return true; }},
                                   {});
        ASSERT_TRUE(made) << made.error();
        anti_spam = std::move(*made);
        context->anti_spam = anti_spam.get();
    }
    virtual void adjust(mailstore::Options&) {}
    void close() {
        context.reset();
        anti_spam.reset();
        sharing.reset();
        queue.reset();
        authenticator.reset();
        directory.reset();
        store.reset();
    }

    Result run(std::string_view name, const Json& arguments = Json::object()) {
        return admin::run(*context, name, arguments,
                          [this](std::string_view, int percent) { percents.push_back(percent); });
    }
    Json ok(std::string_view name, const Json& arguments = Json::object()) {
        auto result = run(name, arguments);
        EXPECT_TRUE(result) << name << ": " << result.error().what;
        return result.value_or(Json::object());
    }
    Error::Kind error(std::string_view name, const Json& arguments = Json::object()) {
        auto result = run(name, arguments);
        EXPECT_FALSE(result) << name;
        return result ? Error::Kind::storage : result.error().kind;
    }
    AccountId id_of(std::string_view address) {
        return AccountId{ok("account show", {{"account", address}})["id"].get<std::uint64_t>()};
    }
    /// A message for `to`, which is held in the queue.
    QueueId hold(std::string_view to) {
        mailstore::Submission submission;
        submission.payload = mailstore::message("held");
        submission.received = clock.now();
        submission.also = [&](BlobId blob, kv::Batch& batch) {
            queue::Entry entry;
            entry.id = QueueId{blob.value()};
            entry.blob = blob;
            entry.envelope.reverse_path = *mime::parse_addr_spec("ann@example.org");
            queue::Recipient recipient;
            recipient.address = *mime::parse_addr_spec(to);
            recipient.state = queue::Recipient::State::held;
            recipient.status = "4.4.4";
            recipient.diagnostic = "Held for a test";
            entry.envelope.recipients.push_back(std::move(recipient));
            queue::Queue::add(entry, batch);
        };
        std::promise<BlobId> blob;
        store->submit(std::move(submission), [&](mailstore::Result<mailstore::DeliveryReceipt> receipt) {
            blob.set_value(receipt ? receipt->blob : BlobId{});
        });
        return QueueId{blob.get_future().get().value()};
    }

    QueueId quarantine(std::string_view to, std::string why) {
        const QueueId id = hold(to);
        auto taken = queue->take(id).value();
        queue::Entry after = *taken.entry;
        after.envelope.recipients[0].status = queue::quarantined_status;
        after.envelope.recipients[0].diagnostic = std::move(why);
        (void)queue->put_back(*taken.entry, after);
        return id;
    }

    TestFolder scratch;
    observe::MemoryLog log{"STORE", 7};
    observe::Logger logger = log.logger();
    ManualClock clock{Time{} + std::chrono::hours{24 * 365 * 55}};
    observe::Metrics metrics;
    std::unique_ptr<mailstore::MailStore> store;
    std::unique_ptr<directory::Directory> directory;
    std::optional<rights::Sharing> sharing;
    std::unique_ptr<auth::Authenticator> authenticator;
    std::unique_ptr<queue::Queue> queue;
    std::unique_ptr<filter::AntiSpam> anti_spam;
    std::unique_ptr<Context> context;
    int wakes = 0;
    std::vector<int> percents;
};

}  // namespace postrider::admin
