#include <gtest/gtest.h>

#include <map>

#include "directory/test_directory.h"
#include "settings/account.h"

namespace postrider::directory {
namespace {

/// Passes everything on, but refuses writes from the one that it was told to, as a full disk does.
class FailingStore final : public kv::Store {
public:
    explicit FailingStore(kv::Store& real) : real_{real} {}
    int writes_left = 1'000'000;

    kv::Result<std::optional<std::string>> get(std::string_view key, const kv::Snapshot* at) override {
        return real_.get(key, at);
    }
    kv::Result<> write(kv::Batch batch, kv::Durability durability) override {
        if (--writes_left < 0) return std::unexpected(kv::Failure{kv::KvError::io, "no space left"});
        return real_.write(std::move(batch), durability);
    }
    kv::Result<> sync() override { return real_.sync(); }
    std::unique_ptr<kv::Snapshot> snapshot() override { return real_.snapshot(); }
    std::unique_ptr<kv::Cursor> scan(std::string_view begin, std::string_view end, const kv::Snapshot* at,
                                     kv::Access access) override {
        return real_.scan(begin, end, at, access);
    }
    kv::Result<> checkpoint(const std::filesystem::path& to) override { return real_.checkpoint(to); }
    kv::Result<> compact() override { return real_.compact(); }
    kv::Result<> verify(const std::function<void(int)>& progress) override { return real_.verify(progress); }
    Stats stats() const override { return real_.stats(); }

private:
    kv::Store& real_;
};

std::map<std::string, std::string> contents(kv::Store& store) {
    std::map<std::string, std::string> all;
    for (auto cursor = store.scan("D", "E"); cursor->valid(); cursor->next())
        all.emplace(cursor->key(), cursor->value());
    return all;
}

TEST(FullDisk, LeavesEverythingAsItWas) {
    TestDirectory t;
    FailingStore store{*t.store};
    auto directory = Directory::open(store, t.clock).value();
    Directory& d = *directory;
    NewAccount alice;
    alice.name = "alice";
    alice.aliases = {"sales"};
    AccountId id = d.create_account(t.domain, alice).value();
    AccountId group = d.create_group(t.domain, "team").value();
    ASSERT_TRUE(d.add_member(group, {"alice", "example.org"}));
    ClassId staff = d.create_class(t.domain, "staff").value();
    auto before = contents(store);

    store.writes_left = 0;
    NewAccount bob;
    bob.name = "bob";
    auto failed = [](const auto& result) {
        return !result && result.error().kind == DirectoryError::storage;
    };
    EXPECT_TRUE(failed(d.create_account(t.domain, bob)));
    EXPECT_TRUE(failed(d.create_domain({"example.net", "x"})));
    EXPECT_TRUE(failed(d.rename_account(id, "alicia")));
    EXPECT_TRUE(failed(d.add_account_alias(id, "info")));
    EXPECT_TRUE(failed(d.remove_account_alias(id, "sales")));
    EXPECT_TRUE(failed(d.delete_account(id)));
    EXPECT_TRUE(failed(d.change_account(id, {.enabled = false})));
    EXPECT_TRUE(failed(d.set_credentials(id, "x")));
    EXPECT_TRUE(failed(d.set_class(id, "staff")));
    EXPECT_TRUE(failed(d.rename_class(staff, "people")));
    EXPECT_TRUE(failed(d.rename_domain(t.domain, "example.com")));
    EXPECT_TRUE(failed(d.add_domain_alias(t.domain, "example.com")));
    EXPECT_TRUE(failed(d.set_catch_all(t.domain, Domain::CatchAll::account, "alice")));
    EXPECT_TRUE(failed(d.remove_member(group, {"alice", "example.org"})));
    EXPECT_TRUE(failed(d.delete_object(group)));
    EXPECT_TRUE(failed(d.set_value(SettingsLevel::account(id), "totalMessageCount", "5")));
    EXPECT_TRUE(failed(d.delete_domain(t.domain, Directory::Delete::forced)));
    EXPECT_EQ(contents(store), before);

    auto box = d.route({"sales", "example.org"});
    ASSERT_TRUE(std::holds_alternative<Mailbox>(box));
    EXPECT_EQ(std::get<Mailbox>(box).account->address, "alice@example.org");
    EXPECT_TRUE(std::holds_alternative<Unknown>(d.route({"bob", "example.org"})));
    EXPECT_TRUE(std::holds_alternative<NotLocal>(d.route({"alice", "example.com"})));
    EXPECT_EQ((*d.effective(id))->total_message_count, 0u);

    store.writes_left = 1000;  // there is room again
    AccountId second = d.create_account(t.domain, bob).value();
    EXPECT_GT(second, group);
}

TEST(Deletion, OfADomainIsFinishedAtTheNextStartWhereverItStopped) {
    for (int writes = 1; writes < 6; ++writes) {
        TestDirectory t;
        std::size_t clean = t.keys();
        t.options.erasing = [](AccountId account, kv::Batch& batch) {
            batch.put("x" + std::to_string(account.value()), "");
        };
        DomainId gone = t.directory->create_domain({"gone.example", "x"}).value();
        std::vector<NewAccount> accounts(1500);
        for (std::size_t i = 0; i < accounts.size(); ++i) {
            accounts[i].name = "user" + std::to_string(i);
            accounts[i].credentials = "x";
        }
        ASSERT_TRUE(t.directory->create_accounts(gone, accounts));
        {
            FailingStore store{*t.store};
            auto directory = Directory::open(store, t.clock, t.options).value();
            store.writes_left = writes;
            bool done = directory->delete_domain(gone, Directory::Delete::forced).has_value();
            EXPECT_EQ(done, writes >= 4);  // mark, two pieces, the rest
            EXPECT_FALSE(directory->is_local_domain("gone.example"));
            EXPECT_TRUE(std::holds_alternative<NotLocal>(directory->route({"user1", "gone.example"})));
        }
        t.reopen();
        // Whatever came between, each batch said of the accounts in it that they are gone: 1500, the
        // postmaster's and the one of the public folders.
        int erased = 0;
        for (auto cursor = t.store->scan("x", "y"); cursor->valid(); cursor->next()) ++erased;
        EXPECT_EQ(erased, 1502);
        EXPECT_EQ(t.keys(), clean) << "after " << writes << " writes";
        EXPECT_FALSE(t.directory->is_local_domain("gone.example"));
        EXPECT_GT(t.directory->create_domain({"gone.example", "x"}).value(), gone);
    }
}

}  // namespace
}  // namespace postrider::directory
