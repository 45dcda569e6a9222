#include <random>

#include "mailstore/fixture_for_tests.h"
#include "mailstore/records.h"

namespace postrider::mailstore {
namespace {

using Care = StoreTest;

void overwrite(MailStore& store, std::string_view key, std::string_view value) {
    kv::Batch batch;
    batch.put(key, value);
    ASSERT_TRUE(store.kv().write(std::move(batch)));
}
void remove(MailStore& store, std::string_view key) {
    kv::Batch batch;
    batch.erase(key);
    ASSERT_TRUE(store.kv().write(std::move(batch)));
}

TEST_F(Care, DamageOfOneFolderLeavesTheOthersUsableAndIsRepaired) {
    const FolderId inbox = id_of(bob, "INBOX");
    deliver(bob, "1");
    ASSERT_TRUE(account(bob)->append(id_of(bob, "Sent"), {{message("sent")}}));
    store.reset();
    open();
    overwrite(*store, folder_key(bob, inbox), "garbage");
    reopen();
    EXPECT_EQ(text(bob, "Sent", Uid{1}), message("sent"));
    EXPECT_TRUE(log.contains("damaged"));
    EXPECT_EQ(account(bob)->view(inbox).error().kind, MailError::corrupt);
    EXPECT_TRUE(submit(submission({eve}, message("x")))->targets[0].ok);
    EXPECT_FALSE(store->verify({})->empty());
    auto findings = store->repair(bob, {});
    ASSERT_TRUE(findings) << findings.error().what;
    EXPECT_FALSE(findings->empty());
    expect_sound();
    EXPECT_EQ(account(bob)->quota().used_messages, 2u);
    EXPECT_TRUE(submit(submission({bob}, message("y")))->targets[0].ok);
    EXPECT_EQ(text(bob, "INBOX", Uid{1}), message("y"));
}

TEST_F(Care, ADamagedAccountRecordIsMadeAnew) {
    deliver(bob, "1");
    const ModSeq before = account(bob)->highest_modseq();
    overwrite(*store, account_key(bob), "");
    reopen();
    EXPECT_EQ(store->account(bob).error().kind, MailError::corrupt);
    EXPECT_EQ(submit(submission({bob, eve}, message("2")))->targets[0].error, MailError::corrupt);
    ASSERT_TRUE(store->repair(bob, {}));
    EXPECT_EQ(text(bob, "INBOX", Uid{1}), message("1"));
    EXPECT_GT(account(bob)->highest_modseq(), before);
    EXPECT_FALSE(account(bob)->changes(before)->complete);
    expect_sound();
}

TEST_F(Care, ItemsAndDescriptionsAreRepairedOneByOne) {
    const FolderId inbox = id_of(bob, "INBOX");
    for (int i = 1; i <= 5; ++i) deliver(bob, fmt::format("{}", i));
    const BlobId third = item(bob, "INBOX", Uid{3}).blob, fourth = item(bob, "INBOX", Uid{4}).blob;
    overwrite(*store, item_key(bob, inbox, Uid{1}), "?");
    overwrite(*store, description_key(bob, inbox, Uid{2}), "?");
    remove(*store, blob_key(third));  // its bytes are still in the container
    BlobRecord wrong = *decode_blob(store->kv().get(blob_key(fourth))->value());
    wrong.refs = 9;
    overwrite(*store, blob_key(fourth), encoded(wrong));
    reopen();
    EXPECT_GE(store->verify({})->size(), 4u);
    std::size_t listed = 0;
    {
        auto view = account(bob)->view(inbox);
        EXPECT_TRUE((*view)->each_item(every_uid(), [&](const Item&) { return ++listed, true; }));
        EXPECT_EQ((*view)->item(Uid{1}).error().kind, MailError::corrupt);
        EXPECT_EQ((*view)->description(Uid{2})->value().encode(), mime::describe(message("2")).encode());
    }
    EXPECT_EQ(listed, 4u);
    auto findings = store->repair(bob, {});
    ASSERT_TRUE(findings) << findings.error().what;
    EXPECT_EQ(text(bob, "INBOX", Uid{3}), message("3"));
    EXPECT_EQ(uids(bob, "INBOX"), (std::vector<Uid>{Uid{1}, Uid{2}, Uid{3}, Uid{4}, Uid{5}}));
    EXPECT_EQ(text(bob, "INBOX", Uid{1}), message("1")) << "found by what its description says";
    EXPECT_EQ(info(bob, "INBOX").messages, 5u);
    expect_sound();
}

TEST_F(Care, CompactionMovesBytesAndLosesNothing) {
    store.reset();
    options.locations[0].options.max_file_bytes = 1u << 20;
    options.mark_every = std::chrono::milliseconds{10};
    open();
    std::mt19937 random{1};
    std::string noise(20'000, ' ');
    std::map<Uid, std::string> kept;
    for (int i = 0; i < 200; ++i) {
        for (char& c : noise) c = static_cast<char>('!' + random() % 90);
        std::string text_now = message(fmt::format("{}", i)) + noise;
        const Uid uid = submit(submission({bob}, text_now))->targets[0].uid;
        if (i % 10 == 0) kept[uid] = text_now;
    }
    const auto before = store->report().locations.at(0).second;
    UidSet gone;
    for (std::uint32_t u = 1; u <= 200; ++u)
        if (!kept.contains(Uid{u})) append(gone, Uid{u});
    ASSERT_TRUE(account(bob)->expunge(id_of(bob, "INBOX"), gone, false));
    EXPECT_TRUE(eventually([&] { return store->report().locations.at(0).second.records == kept.size(); }));
    ASSERT_TRUE(store->compact({}));
    const auto after = store->report().locations.at(0).second;
    EXPECT_LT(after.files, before.files);
    for (const auto& [uid, bytes] : kept) EXPECT_EQ(text(bob, "INBOX", uid), bytes);
    expect_sound();
    reopen();
    for (const auto& [uid, bytes] : kept) EXPECT_EQ(text(bob, "INBOX", uid), bytes);
}

TEST_F(Care, ASnapshotIsAWholeStoreOfItsOwn) {
    for (int i = 1; i <= 5; ++i) deliver(bob, fmt::format("{}", i));
    const auto directory = scratch.path() / "backup";
    ASSERT_TRUE(store->snapshot(directory));
    EXPECT_EQ(store->snapshot(directory).error().kind, MailError::exists);
    deliver(bob, "later");
    store.reset();
    options.directory = directory;
    options.locations[0].options.directory = directory / "mail";
    open();
    EXPECT_EQ(uids(bob, "INBOX").size(), 5u);
    EXPECT_EQ(text(bob, "INBOX", Uid{5}), message("5"));
    EXPECT_GT(deliver(bob, "new"), Uid{6}) << "what the original gave out since is not given out again";
    expect_sound();
}

TEST_F(Care, AnAddedLocationTakesMail) {
    LocationConfig more;
    more.number = 2;
    more.options.directory = scratch.path() / "second";
    more.options.min_disk_free_bytes = 0;
    ASSERT_TRUE(store->add_location(more));
    EXPECT_EQ(store->add_location(more).error().kind, MailError::exists);
    Submission s = submission({bob}, message("there"));
    s.location = 2;
    auto receipt = submit(std::move(s));
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->blob.value() >> 48, 2u);
    EXPECT_EQ(text(bob, "INBOX", Uid{1}), message("there"));
    options.locations.push_back(more);
    reopen();
    EXPECT_EQ(text(bob, "INBOX", Uid{1}), message("there"));
    expect_sound();
}

TEST_F(Care, AReadOnlyLocationTakesNoNewMailAndGivesWhatItHas) {
    LocationConfig more;
    more.number = 2;
    more.options.directory = scratch.path() / "second";
    more.options.min_disk_free_bytes = 0;
    ASSERT_TRUE(store->add_location(more));
    auto arrives_at = [&](std::string subject) {
        Submission s = submission({bob}, message(subject));
        s.location = 2;
        auto receipt = submit(std::move(s));
        return receipt ? receipt->blob.value() >> 48 : 0;
    };
    EXPECT_EQ(arrives_at("one"), 2u);
    EXPECT_TRUE(store->takes_mail(2));
    EXPECT_FALSE(store->takes_mail(3));
    more.options.read_only = true;
    ASSERT_TRUE(store->change_location(more));
    EXPECT_FALSE(store->takes_mail(2));
    EXPECT_EQ(arrives_at("two"), 1u);
    EXPECT_FALSE(store->full());
    options.locations.push_back(more);
    reopen();
    EXPECT_FALSE(store->takes_mail(2));
    EXPECT_EQ(text(bob, "INBOX", Uid{1}), message("one"));
    more.options.read_only = false;
    ASSERT_TRUE(store->change_location(more));
    EXPECT_EQ(arrives_at("three"), 2u);
    more.number = 9;
    EXPECT_EQ(store->change_location(more).error().kind, MailError::gone);
    expect_sound();
}

}  // namespace
}  // namespace postrider::mailstore
