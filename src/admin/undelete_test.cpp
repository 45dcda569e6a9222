#include "admin/fixture_for_tests.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;

/// Everything that is expunged here can be restored.
class UndeleteOperations : public AdminTest {
protected:
    void SetUp() override {
        AdminTest::SetUp();
        ok("account add", {{"account", "ann@example.org"}});
        store_quota.set(id_of("ann@example.org"), limits());
        close();
        open();
        ann = id_of("ann@example.org");
        account = store->account(ann).value();
    }
    void adjust(mailstore::Options& options) override {
        options.quota = &store_quota;
        options.clock = &clock;
    }
    static mailstore::QuotaLimits limits() {
        mailstore::QuotaLimits limits;
        limits.undelete_for = std::chrono::hours{24 * 14};
        return limits;
    }
    void deleted(const char* folder, const char* subject) {
        auto path = account->folder(folder);
        if (!path) path = account->create_folder(folder);
        ASSERT_TRUE(account->append(path->id, {{mailstore::message(subject)}}));
        ASSERT_TRUE(account->expunge(path->id, std::nullopt, false));
    }
    Json who(Json more = Json::object()) {
        more["account"] = "ann@example.org";
        return more;
    }
    mailstore::TestQuota store_quota;
    AccountId ann;
    std::shared_ptr<mailstore::Account> account;
};

TEST_F(UndeleteOperations, ListRestoreAndPurge) {
    deleted("INBOX", "first");
    clock.advance(std::chrono::hours{2});
    deleted("Work/Old", "second");
    Json all = ok("undelete list", who());
    EXPECT_EQ(all["messages"], 2);
    ASSERT_EQ(all["deleted"].size(), 2u);
    EXPECT_EQ(all["deleted"][0]["subject"], "first");
    EXPECT_EQ(all["deleted"][0]["from"], "Ann <ann@example.org>");
    EXPECT_EQ(ok("undelete list", who({{"since", "90m"}}))["deleted"][0]["subject"], "second");
    EXPECT_EQ(ok("undelete list", who({{"before", "1h"}}))["deleted"].size(), 1u);
    EXPECT_EQ(ok("undelete list", who({{"folder", "Work"}}))["deleted"].size(), 1u);
    Json page = ok("undelete list", who({{"limit", 1}}));
    Json rest = ok("undelete list", who({{"after", page["next"].get<std::string>()}}));
    EXPECT_EQ(rest["deleted"][0]["folder"], "Work/Old");
    EXPECT_FALSE(rest.contains("next"));

    EXPECT_EQ(error("undelete restore", who()), Kind::usage);
    EXPECT_EQ(error("undelete restore", who({{"id", {"1.2"}}})), Kind::bad_value);
    EXPECT_EQ(error("undelete list", who({{"since", "yesterday"}})), Kind::bad_value);
    EXPECT_EQ(error("undelete list", who({{"since", "2026-02-30"}})), Kind::bad_value);
    ASSERT_TRUE(account->delete_folder(account->folder("Work/Old")->id));
    Json restored = ok("undelete restore", who({{"folder", "Work"}}));
    EXPECT_EQ(restored["restored"], 1);
    EXPECT_EQ(restored["folders_made"], Json({"Work/Old"}));
    const std::string id = all["deleted"][0]["id"];
    EXPECT_EQ(ok("undelete restore", who({{"id", {id}}, {"into", "Back"}}))["restored"], 1);
    EXPECT_EQ(ok("undelete restore", who({{"id", {id}}}))["gone"], 1);
    EXPECT_EQ(account->folder("Back")->messages, 1u);

    deleted("INBOX", "third");
    EXPECT_EQ(error("undelete purge", who()), Kind::usage);
    EXPECT_EQ(ok("undelete purge", who({{"before", "1d"}}))["purged"], 0);
    EXPECT_EQ(ok("undelete purge", who({{"all", true}}))["purged"], 1);
    EXPECT_EQ(ok("undelete list", who())["messages"], 0);
}

}  // namespace
}  // namespace postrider::admin
