#include "mailstore/fixture_for_tests.h"
#include "mailstore/pressure.h"

namespace postrider::mailstore {
namespace {

using Delivery = StoreTest;

TEST_F(Delivery, AMessageIsThereWhenItsSubmissionIsDone) {
    const std::string sent = message("hello");
    auto receipt = submit(submission({bob}, sent));
    ASSERT_TRUE(receipt);
    ASSERT_EQ(receipt->targets.size(), 1u);
    EXPECT_TRUE(receipt->targets[0].ok);
    EXPECT_EQ(receipt->targets[0].folder_path, "INBOX");
    EXPECT_EQ(receipt->targets[0].uid, Uid{1});
    EXPECT_EQ(text(bob, "INBOX", Uid{1}), sent);
    const Item there = item(bob, "INBOX", Uid{1});
    EXPECT_EQ(there.size, sent.size());
    EXPECT_EQ(there.blob, receipt->blob);
    FolderInfo inbox = info(bob, "INBOX");
    EXPECT_EQ(inbox.messages, 1u);
    EXPECT_EQ(inbox.unseen, 1u);
    EXPECT_EQ(inbox.bytes, sent.size());
    EXPECT_EQ(inbox.uid_next, Uid{2});
    EXPECT_EQ(inbox.highest_modseq, there.modseq);
    expect_sound();
}

TEST_F(Delivery, AHundredRecipientsShareOneRecord) {
    std::vector<AccountId> many;
    for (std::uint64_t i = 100; i < 200; ++i) {
        ASSERT_TRUE(store->create_account(AccountId{i}));
        many.push_back(AccountId{i});
    }
    auto receipt = submit(submission(many, message("to all", 10'000)));
    ASSERT_TRUE(receipt);
    for (const auto& one : receipt->targets) EXPECT_TRUE(one.ok);
    EXPECT_EQ(store->report().locations.at(0).second.records, 1u);
    EXPECT_EQ(item(AccountId{100}, "INBOX", Uid{1}).blob, item(AccountId{199}, "INBOX", Uid{1}).blob);
    expect_sound();
}

TEST_F(Delivery, WhoIsOverQuotaOrMissingFailsAlone) {
    quota.set(eve, {.bytes = 10});
    auto receipt = submit(submission({bob, eve, nobody}, message("x")));
    ASSERT_TRUE(receipt);
    EXPECT_TRUE(receipt->targets[0].ok);
    EXPECT_FALSE(receipt->targets[1].ok);
    EXPECT_EQ(receipt->targets[1].error, MailError::over_quota);
    EXPECT_FALSE(receipt->targets[2].ok);
    EXPECT_EQ(receipt->targets[2].error, MailError::no_such_account);
    EXPECT_EQ(info(eve, "INBOX").messages, 0u);
    expect_sound();
}

TEST_F(Delivery, LimitsOfMessagesAndFoldersCount) {
    quota.set(eve, {.messages = 1});
    EXPECT_TRUE(submit(submission({eve}, message("1")))->targets[0].ok);
    EXPECT_FALSE(submit(submission({eve}, message("2")))->targets[0].ok);
    quota.set(eve, {.folder_messages = 2});
    EXPECT_TRUE(submit(submission({eve}, message("3")))->targets[0].ok);
    EXPECT_FALSE(submit(submission({eve}, message("4")))->targets[0].ok);
    quota.set(eve, {.folder_bytes = 1});
    EXPECT_FALSE(submit(submission({eve}, message("5")))->targets[0].ok);
    EXPECT_EQ(account(eve)->quota().used_messages, 2u);
}

TEST_F(Delivery, TheFolderFlagsKeywordsAndPrefixOfATargetAreItsOwn) {
    Submission s = submission({bob, eve}, message("spam"));
    s.targets[0].folder = "Junk";
    s.targets[0].flags = seen | deleted;
    s.targets[0].keywords = {"$Junk", "$junk", "bad keyword"};
    s.targets[0].prefix = "X-Spam-Level: 99\r\n";
    s.targets[1].folder = "No/such/folder";
    auto receipt = submit(std::move(s));
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->targets[0].folder_path, "Junk");
    EXPECT_EQ(receipt->targets[1].folder_path, "INBOX");
    EXPECT_EQ(text(bob, "Junk", Uid{1}), "X-Spam-Level: 99\r\n" + message("spam"));
    EXPECT_EQ(text(eve, "INBOX", Uid{1}), message("spam"));
    FolderInfo junk = info(bob, "Junk");
    EXPECT_EQ(junk.keywords, std::vector<std::string>{"$Junk"});
    EXPECT_EQ(junk.unseen, 0u);
    EXPECT_EQ(junk.deleted, 1u);
    const Item there = item(bob, "Junk", Uid{1});
    EXPECT_TRUE(there.flags.keyword(0));
    EXPECT_EQ(there.size, text(bob, "Junk", Uid{1}).size());
    expect_sound();
}

TEST_F(Delivery, DescriptionsOfPrefixedCopiesAreThoseOfTheWholeMessage) {
    for (std::string prefix : {"X-Spam-Level: 1\r\n", "Subject: [SPAM] other\r\nX-A: b\r\n",
                               "Received: from a\r\n\tby b\r\nReturn-Path: <>\r\n"}) {
        Submission s = submission({bob}, message("original"));
        s.targets[0].prefix = prefix;
        const Uid uid = submit(std::move(s))->targets[0].uid;
        auto view = account(bob)->view(id_of(bob, "INBOX"));
        auto description = (*view)->description(uid);
        ASSERT_TRUE(description && *description);
        EXPECT_EQ((*description)->encode(), mime::describe(prefix + message("original")).encode()) << prefix;
    }
}

TEST_F(Delivery, WhatAlsoAddsIsInTheSameBatchAndHoldsTheMessage) {
    Submission s = submission({}, message("remote"));
    s.also = [](BlobId blob, kv::Batch& batch) { batch.put("Qtest", std::to_string(blob.value())); };
    auto receipt = submit(std::move(s));
    ASSERT_TRUE(receipt);
    EXPECT_EQ(store->kv().get("Qtest")->value(), std::to_string(receipt->blob.value()));
    EXPECT_EQ(**store->read(receipt->blob), message("remote"));
    EXPECT_EQ(store->read_head(receipt->blob, 10)->substr(0, 10), message("remote").substr(0, 10));
    expect_sound();

    std::vector<Target> targets(2);
    targets[0].account = bob;
    targets[1].account = eve;
    auto delivered =
        store->deliver(receipt->blob, targets, [](const DeliveryReceipt& so_far, kv::Batch& batch) {
            batch.put("Qtest", so_far.targets.at(1).ok ? "both" : "half");
        });
    ASSERT_TRUE(delivered);
    EXPECT_TRUE(delivered->targets[0].ok);
    EXPECT_EQ(text(bob, "INBOX", delivered->targets[0].uid), message("remote"));
    EXPECT_EQ(store->kv().get("Qtest")->value(), "both");
    ASSERT_TRUE(store->release_hold(receipt->blob, [](kv::Batch& batch) { batch.erase("Qtest"); }));
    EXPECT_FALSE(store->kv().get("Qtest")->has_value());
    EXPECT_EQ(text(eve, "INBOX", delivered->targets[1].uid), message("remote"));
    expect_sound();
}

TEST_F(Delivery, RefusesWhenTooMuchWaits) {
    store.reset();
    options.max_waiting = 4;
    open();
    std::atomic<int> done{0}, refused{0};
    for (int i = 0; i < 2'000; ++i)
        store->submit(submission({bob}, message("burst")), [&](const Result<DeliveryReceipt>& r) {
            if (!r && r.error().kind == MailError::full) ++refused;
            ++done;
        });
    const int count = 2'000;
    store.reset();
    EXPECT_EQ(done, count);
    open();
    EXPECT_EQ(info(bob, "INBOX").messages, static_cast<std::uint32_t>(count - refused));
}

TEST_F(Delivery, AFullStorageSaysSoAndLosesNothing) {
    store.reset();
    options = options_in(scratch.path() / "small");
    options.locations[0].options.max_file_bytes = 1u << 20;
    options.locations[0].options.max_files = 1;
    options.quota = &quota;
    open();
    ASSERT_TRUE(store->create_account(bob));
    std::uint32_t stored = 0;
    std::string noise(100'000, ' ');
    for (int i = 0; i < 40; ++i) {
        for (char& c : noise) c = static_cast<char>(33 + std::rand() % 90);
        auto receipt = submit(submission({bob}, message("big") + noise));
        if (receipt)
            ++stored;
        else
            EXPECT_EQ(receipt.error().kind, MailError::full);
    }
    EXPECT_GT(stored, 3u);
    EXPECT_LT(stored, 40u);
    EXPECT_EQ(info(bob, "INBOX").messages, stored);
    expect_sound();
}

TEST(Pressure, ComesAndGoesWithTheMail) {
    using std::chrono::milliseconds;
    Pressure pressure{4};
    Pressure::Moment now{};
    auto flood = [&](int groups, std::size_t bytes, milliseconds apart, double disk = 0.3) {
        const auto flushing = std::chrono::duration_cast<Pressure::Moment::duration>(disk * apart);
        for (int i = 0; i < groups; ++i) pressure.stored(bytes, flushing, now += apart);
        return pressure.effort();
    };
    EXPECT_EQ(flood(1, 50'000, milliseconds{5000}), container::Effort::thorough);
    EXPECT_EQ(flood(100, 200'000, milliseconds{2}), container::Effort::quick);      // 100 MB/s
    EXPECT_EQ(flood(100, 200'000, milliseconds{20}), container::Effort::thorough);  // 10 MB/s
    EXPECT_EQ(flood(1, 1'000'000, milliseconds{60'000}), container::Effort::thorough);

    EXPECT_EQ(flood(200, 600'000, milliseconds{2}, 0.8), container::Effort::quick);  // 300 MB/s, the disk's
    EXPECT_EQ(flood(200, 600'000, milliseconds{2}, 0.5), container::Effort::none);   // the processor's
    EXPECT_EQ(flood(200, 600'000, milliseconds{2}, 0.8), container::Effort::none);   // not at once back
    EXPECT_EQ(flood(200, 600'000, milliseconds{2}, 0.95), container::Effort::quick);
    EXPECT_EQ(flood(200, 100'000, milliseconds{20}), container::Effort::thorough);
}

/// eve's folders may hold two messages each, one of them a single one.
struct OneFolderIsSmaller final : QuotaSource {
    QuotaLimits limits(AccountId) const override { return {.folder_messages = 2}; }
    QuotaLimits limits_in(AccountId account, FolderId folder) const override {
        QuotaLimits all = limits(account);
        if (folder == small) all.folder_messages = 1;
        return all;
    }
    FolderId small;
};

TEST_F(Delivery, AFolderMayHaveALimitOfItsOwn) {
    OneFolderIsSmaller one;
    store.reset();
    options.quota = &one;
    open();
    const FolderId junk =
        account(eve)->folder("Junk") ? id_of(eve, "Junk") : account(eve)->create_folder("Junk")->id;
    one.small = id_of(eve, "INBOX");
    auto to = [&](std::string_view subject) {
        auto receipt = submit(submission({eve}, message(subject)));
        return receipt && receipt->targets.at(0).ok;
    };
    EXPECT_TRUE(to("one"));
    EXPECT_FALSE(to("two"));
    Account::NewItem item;
    item.payload = message("three");
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(account(eve)->append(junk, {item}));
    EXPECT_EQ(account(eve)->append(junk, {item}).error().kind, MailError::over_quota);
    EXPECT_EQ(account(eve)->copy(junk, {{Uid{1}, Uid{1}}}, one.small).error().kind, MailError::over_quota);
    store.reset();
}

}  // namespace
}  // namespace postrider::mailstore
