#include "rules/autopurge.h"

#include "mailstore/fixture_for_tests.h"

namespace postrider::rules {
namespace {

using mailstore::message;

/// A store and a directory whose clock the test moves.
class Autopurge : public mailstore::StoreTest {
protected:
    void SetUp() override {
        options = mailstore::options_in(scratch.path());
        options.log = &logger;
        options.clock = &clock;
        options.blob_grace = std::chrono::seconds{0};
        open();
        auto known = directory::Directory::open(store->kv(), clock);
        ASSERT_TRUE(known);
        directory = std::move(*known);
        domain = directory->create_domain({"example.org", ""}).value();
        ann = make("ann");
        bert = make("bert");
    }
    void TearDown() override {
        directory.reset();
        store.reset();  // it asks our clock
    }

    AccountId make(std::string name) {
        directory::NewAccount account;
        account.name = std::move(name);
        const AccountId id = directory->create_account(domain, account).value();
        EXPECT_TRUE(store->create_account(id));
        return id;
    }
    void put(AccountId owner, std::string_view folder, int count) {
        for (int i = 0; i < count; ++i)
            ASSERT_TRUE(account(owner)->append(id_of(owner, folder), {{message(std::to_string(i))}}));
    }
    void days(AccountId owner, std::string_view days, std::string_view folders) {
        const std::vector<directory::Directory::ValueChange> changes{
            {"autopurgeAgeLimit", std::string{days}}, {"autopurgeFolders", std::string{folders}}};
        ASSERT_TRUE(directory->change_values(directory::SettingsLevel::account(owner), changes));
    }
    std::size_t purge() {
        return autopurge_all(*directory, *store, clock.now(), logger, [this] { return asked++ < allowed; });
    }
    std::size_t in(AccountId owner, std::string_view folder) { return uids(owner, folder).size(); }

    ManualClock clock{Time{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}}};
    std::unique_ptr<directory::Directory> directory;
    DomainId domain;
    AccountId ann, bert;
    int asked = 0, allowed = 1000;
};

constexpr std::chrono::hours day{24};

TEST_F(Autopurge, RemovesWhatHasBeenInTrashAndJunkForTooLong) {
    days(ann, "30", "(trash spam)");
    for (const char* folder : {"INBOX", "Trash", "Junk"}) put(ann, folder, 3);
    put(bert, "Trash", 3);
    clock.advance(20 * day);
    put(ann, "Trash", 2);
    clock.advance(11 * day);
    EXPECT_EQ(purge(), 6u);
    EXPECT_EQ(in(ann, "INBOX"), 3u);
    EXPECT_EQ(in(ann, "Trash"), 2u) << "it came ten days later";
    EXPECT_EQ(in(ann, "Junk"), 0u);
    EXPECT_EQ(in(bert, "Trash"), 3u) << "nobody asked for it";
    EXPECT_EQ(purge(), 0u);
}

TEST_F(Autopurge, CountsFromTheDayOnWhichAMessageWasMovedThere) {
    days(ann, "30", "(trash)");
    put(ann, "INBOX", 1);
    put(ann, "Junk", 1);
    clock.advance(40 * day);
    ASSERT_TRUE(account(ann)->move(id_of(ann, "INBOX"), {{Uid{1}, Uid{1}}}, id_of(ann, "Trash")));
    EXPECT_EQ(purge(), 0u);
    clock.advance(31 * day);
    EXPECT_EQ(purge(), 1u);
    EXPECT_EQ(in(ann, "Junk"), 1u) << "only Trash was named";
}

TEST_F(Autopurge, EndsWhenItIsToldTo) {
    for (AccountId one : {ann, bert}) {
        days(one, "1", "(trash)");
        put(one, "Trash", 1);
    }
    clock.advance(2 * day);
    allowed = 0;
    EXPECT_EQ(purge(), 0u);
    allowed = 1000;
    EXPECT_EQ(purge(), 2u);
}

}  // namespace
}  // namespace postrider::rules
