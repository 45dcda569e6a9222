#include "mailstore/fixture_for_tests.h"
#include "mailstore/records.h"

namespace postrider::mailstore {
namespace {

/// Read by the keeper's thread while a test moves it on.
class SharedClock final : public Clock {
public:
    Time now() const override { return Time{} + std::chrono::seconds{seconds_.load()}; }
    void advance(std::chrono::seconds by) { seconds_ += by.count(); }

private:
    std::atomic<std::int64_t> seconds_{std::int64_t{3600} * 24 * 365 * 55};
};

class Undelete : public StoreTest {
protected:
    void SetUp() override {
        options.clock = &clock;
        StoreTest::SetUp();
        store.reset();
        options.clock = &clock;
        options.mark_every = std::chrono::milliseconds{10};
        options.undelete_pass = std::chrono::seconds{0};
        open();
        keep(std::chrono::hours{1});
    }
    void keep(std::optional<std::chrono::seconds> how_long, std::uint64_t bytes = 0) {
        QuotaLimits limits;
        limits.undelete_for = how_long;
        limits.undelete_bytes = bytes;
        quota.set(bob, limits);
    }
    std::vector<DeletedItem> deleted(AccountId id = bob) {
        std::vector<DeletedItem> all;
        auto ok = account(id)->each_deleted({}, [&](const DeletedItem& item) {
            all.push_back(item);
            all.back().item.prefix = {};
            return true;
        });
        EXPECT_TRUE(ok) << ok.error().what;
        return all;
    }
    std::vector<DeletedId> ids() {
        std::vector<DeletedId> all;
        const auto items = deleted();
        for (const auto& item : items) all.push_back(item.id);
        return all;
    }
    void expunge(std::string_view path, Uid uid) {
        auto gone = account(bob)->expunge(id_of(bob, path), UidSet{{uid, uid}}, false);
        ASSERT_TRUE(gone && gone->uids.size() == 1);
    }
    Account::Undeleted restore(std::optional<std::string> into = {}) {
        auto done = account(bob)->undelete(ids(), into);
        EXPECT_TRUE(done) << done.error().what;
        return done.value_or(Account::Undeleted{});
    }
    /// The bytes in the containers, once what can be freed is.
    bool settles_at(std::size_t records) {
        return eventually([&] { return store->report().locations.at(0).second.records == records; });
    }
    SharedClock clock;
};

TEST_F(Undelete, AnExpungedMessageComesBackWithFlagsKeywordsAndDates) {
    Account::NewItem one{message("kept"), seen | flagged, {"$Work"}, Time{} + std::chrono::hours{1000}};
    ASSERT_TRUE(account(bob)->append(id_of(bob, "Sent"), {std::move(one)}));
    const Item before = item(bob, "Sent", Uid{1});
    FlagChange change;
    change.system = mailstore::deleted;
    ASSERT_TRUE(account(bob)->store(id_of(bob, "Sent"), UidSet{{Uid{1}, Uid{1}}}, change));
    const auto used = account(bob)->quota().used_bytes;
    expunge("Sent", Uid{1});
    EXPECT_EQ(account(bob)->quota().used_messages, 0u) << "what can be restored is in no quota";
    EXPECT_EQ(account(bob)->quota().deleted_bytes, used);
    EXPECT_EQ(deleted().at(0).path, "Sent");
    EXPECT_EQ(deleted().at(0).keywords, std::vector<std::string>{"$Work"});
    expect_sound();
    reopen();
    EXPECT_EQ(restore().messages, 1u);
    const Item after = item(bob, "Sent", Uid{2});
    EXPECT_EQ(text(bob, "Sent", Uid{2}), message("kept"));
    EXPECT_EQ(after.flags, before.flags) << "without \\Deleted";
    EXPECT_EQ(after.internal_date, before.internal_date);
    EXPECT_EQ(after.email_id, before.email_id);
    EXPECT_EQ(account(bob)->quota().deleted_messages, 0u);
    EXPECT_EQ(account(bob)->quota().used_bytes, used);
    EXPECT_TRUE(deleted().empty());
    expect_sound();
}

TEST_F(Undelete, ADeletedFolderComesBackWithWhatWasInIt) {
    auto account_now = account(bob);
    ASSERT_TRUE(account_now->create_folder("Work/Old"));
    ASSERT_TRUE(account_now->append(id_of(bob, "Work/Old"), {{message("a")}, {message("b")}}));
    ASSERT_TRUE(account_now->append(id_of(bob, "Sent"), {{message("s")}}));
    ASSERT_TRUE(account_now->delete_folder(id_of(bob, "Work/Old")));
    ASSERT_TRUE(account_now->delete_folder(id_of(bob, "Work")));
    ASSERT_TRUE(account_now->delete_folder(id_of(bob, "Sent")));
    expect_sound();
    const auto restored = restore();
    EXPECT_EQ(restored.messages, 3u);
    EXPECT_EQ(restored.folders, (std::vector<std::string>{"Work/Old", "Sent"}));
    EXPECT_EQ(text(bob, "Work/Old", Uid{2}), message("b"));
    EXPECT_EQ(info(bob, "Sent").special_use, SpecialUse::sent);
    EXPECT_EQ(account_now->quota().used_messages, 3u);
    expect_sound();
}

TEST_F(Undelete, WhatMovedAwayOrWasRenamedIsFoundByItsFolder) {
    auto account_now = account(bob);
    ASSERT_TRUE(account_now->create_folder("One"));
    ASSERT_TRUE(account_now->append(id_of(bob, "One"), {{message("a")}}));
    expunge("One", Uid{1});
    ASSERT_TRUE(account_now->rename_folder(id_of(bob, "One"), "Two"));
    EXPECT_EQ(restore().messages, 1u);
    EXPECT_EQ(text(bob, "Two", Uid{2}), message("a"));
    expunge("Two", Uid{2});
    EXPECT_EQ(restore("Rescued").folders, std::vector<std::string>{"Rescued"});
    EXPECT_EQ(text(bob, "Rescued", Uid{1}), message("a"));
    const DeletedId nothing{ModSeq{1}, FolderId{1}, Uid{1}};
    EXPECT_EQ(account_now->undelete({nothing}, {})->gone, 1u);
    expect_sound();
}

TEST_F(Undelete, WhenTheTimeIsUpTheBytesAreFreed) {
    deliver(bob, "1");
    deliver(bob, "2");
    expunge("INBOX", Uid{1});
    EXPECT_TRUE(settles_at(2));
    clock.advance(std::chrono::minutes{59});
    EXPECT_TRUE(settles_at(2));
    EXPECT_EQ(deleted().size(), 1u);
    clock.advance(std::chrono::minutes{2});
    EXPECT_TRUE(settles_at(1));
    EXPECT_TRUE(deleted().empty());
    expect_sound();
}

TEST_F(Undelete, WhatPassesTheLimitIsGivenUpOldestFirst) {
    for (int i = 1; i <= 5; ++i) deliver(bob, fmt::format("{}", i));
    const std::uint64_t size = item(bob, "INBOX", Uid{1}).size;
    keep(std::chrono::hours{1}, 2 * size + 10);
    for (std::uint32_t u = 1; u <= 5; ++u) expunge("INBOX", Uid{u});
    EXPECT_TRUE(settles_at(2));
    const auto left = deleted();
    ASSERT_EQ(left.size(), 2u);
    EXPECT_EQ(left[0].id.uid, Uid{4});
    expect_sound();
}

TEST_F(Undelete, NothingIsGivenUpWhileTheLimitsAreNotKnown) {
    deliver(bob, "1");
    expunge("INBOX", Uid{1});
    keep(std::nullopt);
    clock.advance(std::chrono::hours{1000});
    EXPECT_TRUE(settles_at(1));
    EXPECT_EQ(deleted().size(), 1u);
    keep(std::chrono::seconds{0});
    EXPECT_TRUE(settles_at(0));
}

TEST_F(Undelete, PurgingAndDeletingTheAccountFreeEverything) {
    for (int i = 1; i <= 4; ++i) deliver(bob, fmt::format("{}", i));
    expunge("INBOX", Uid{1});
    clock.advance(std::chrono::seconds{10});
    expunge("INBOX", Uid{2});
    EXPECT_EQ(account(bob)->purge_deleted(clock.now()).value_or(0), 1u);
    EXPECT_EQ(deleted().size(), 1u);
    expect_sound();
    ASSERT_TRUE(store->delete_account(bob));
    EXPECT_TRUE(settles_at(0));
    expect_sound();
}

TEST_F(Undelete, RestoringRespectsTheQuota) {
    for (int i = 1; i <= 3; ++i) deliver(bob, fmt::format("{}", i));
    ASSERT_TRUE(account(bob)->expunge(id_of(bob, "INBOX"), std::nullopt, false));
    QuotaLimits limits;
    limits.undelete_for = std::chrono::hours{1};
    limits.messages = 2;
    quota.set(bob, limits);
    EXPECT_EQ(account(bob)->undelete(ids(), {}).error().kind, MailError::over_quota);
    EXPECT_EQ(deleted().size(), 3u);
    expect_sound();
}

TEST_F(Undelete, ABigFolderGoesInPiecesAndCanBeRestored) {
    ASSERT_TRUE(account(bob)->create_folder("Big"));
    ASSERT_TRUE(account(bob)->append(id_of(bob, "Big"), {{message("x")}}));
    for (int i = 0; i < 15; ++i)
        ASSERT_TRUE(account(bob)->copy(id_of(bob, "Big"), every_uid(), id_of(bob, "Big")));
    ASSERT_EQ(info(bob, "Big").messages, 32'768u);
    ASSERT_TRUE(account(bob)->delete_folder(id_of(bob, "Big")));
    EXPECT_EQ(account(bob)->quota().deleted_messages, 32'768u);
    keep(std::chrono::seconds{0});
    EXPECT_TRUE(settles_at(0));
    expect_sound();
}

/// What a search folder shows lies elsewhere: deleting it deletes no message.
TEST_F(Undelete, ADeletedSearchFolderLeavesNothingToRestore) {
    deliver(bob, "1");
    auto found = account(bob)->create_folder("Found", FolderKind::search);
    ASSERT_TRUE(found) << found.error().what;
    Relink change;
    change.after.upto = account(bob)->highest_modseq();
    change.add = {{id_of(bob, "INBOX"), Uid{1}}};
    ASSERT_TRUE(account(bob)->relink(found->id, change));
    ASSERT_EQ(info(bob, "Found").messages, 1u);
    ASSERT_TRUE(account(bob)->delete_folder(found->id));
    EXPECT_TRUE(deleted().empty());
    EXPECT_EQ(text(bob, "INBOX", Uid{1}), message("1"));
    expect_sound();
}

TEST_F(Undelete, DamagedRecordsAreRepaired) {
    deliver(bob, "1");
    deliver(bob, "2");
    expunge("INBOX", Uid{1});
    expunge("INBOX", Uid{2});
    {
        kv::Batch batch;
        batch.put(undelete_key(bob, deleted()[0].id), "?");
        ASSERT_TRUE(store->kv().write(std::move(batch)));
    }
    EXPECT_FALSE(store->verify({})->empty());
    ASSERT_TRUE(store->repair(bob, {}));
    EXPECT_EQ(account(bob)->quota().deleted_messages, 1u);
    EXPECT_EQ(restore().messages, 1u);
}

}  // namespace
}  // namespace postrider::mailstore
