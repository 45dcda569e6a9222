#include <gmock/gmock.h>

#include <set>
#include <thread>

#include "admin/fixture_for_tests.h"
#include "admin/manual.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;
using testing::HasSubstr;

TEST(OperationTable, NamesEveryOperationOnceUnderItsChapter) {
    std::set<std::string_view> names;
    for (const Chapter& chapter : chapters())
        for (const Operation& operation : chapter.operations) {
            EXPECT_TRUE(names.insert(operation.name).second) << operation.name;
            EXPECT_TRUE(operation.name == chapter.name
                        || operation.name.starts_with(std::string{chapter.name} + " "))
                << operation.name;
            EXPECT_EQ(find_operation(operation.name), &operation);
            EXPECT_NE(operation.run, nullptr);
            std::set<std::string_view> arguments;
            bool optional_place = false;
            for (const Argument& one : operation.arguments) {
                EXPECT_TRUE(arguments.insert(one.name).second) << operation.name << " " << one.name;
                EXPECT_FALSE(one.required && optional_place)
                    << operation.name << ": required after optional place";
                optional_place = optional_place || (one.positional && !one.required);
            }
            EXPECT_THAT(manual_markdown(), HasSubstr("### " + std::string{operation.name} + "\n"));
        }
    EXPECT_EQ(find_operation("account"), nullptr);
}

TEST_F(AdminTest, SearchFoldersAreMadeChangedAndRemoved) {
    context->wrong_search = [](std::string_view criteria) -> std::optional<std::string> {
        if (criteria == "nonsense") return "That is no search";
        return std::nullopt;
    };
    ok("account add", {{"account", "alice@example.org"}, {"password", "correct horse 7"}});
    EXPECT_EQ(error("account search add",
                    {{"account", "alice@example.org"}, {"path", "Boss"}, {"criteria", "nonsense"}}),
              Kind::bad_value);
    ok("account search add", {{"account", "alice@example.org"},
                              {"path", "Boss"},
                              {"criteria", "FROM boss"},
                              {"folder", {"INBOX", "Archive"}}});
    EXPECT_EQ(error("account search add",
                    {{"account", "alice@example.org"}, {"path", "Boss"}, {"criteria", "ALL"}}),
              Kind::exists);
    EXPECT_EQ(
        error(
            "account search add",
            {{"account", "alice@example.org"}, {"path", "Again"}, {"criteria", "ALL"}, {"folder", {"Boss"}}}),
        Kind::bad_value);
    Json listed = ok("account search list", {{"account", "alice@example.org"}})["searches"];
    ASSERT_EQ(listed.size(), 1u);
    EXPECT_EQ(listed[0]["criteria"], "FROM boss");
    EXPECT_EQ(listed[0]["folders"], (Json{"INBOX", "Archive"}));
    ok("account search change", {{"account", "alice@example.org"},
                                 {"path", "Boss"},
                                 {"criteria", "FROM chief"},
                                 {"everywhere", true}});
    listed = ok("account search list", {{"account", "alice@example.org"}})["searches"];
    EXPECT_EQ(listed[0]["criteria"], "FROM chief");
    EXPECT_TRUE(listed[0]["folders"].empty());
    EXPECT_EQ(error("account search remove", {{"account", "alice@example.org"}, {"path", "INBOX"}}),
              Kind::not_found);
    ok("account search remove", {{"account", "alice@example.org"}, {"path", "Boss"}});
    EXPECT_TRUE(ok("account search list", {{"account", "alice@example.org"}})["searches"].empty());
}

TEST_F(AdminTest, RefusesArgumentsThatTheTableDoesNotAllow) {
    EXPECT_EQ(error("account fly"), Kind::usage);
    EXPECT_EQ(error("account show"), Kind::usage);
    EXPECT_EQ(error("account show", {{"account", 5}}), Kind::usage);
    EXPECT_EQ(error("account show", {{"account", "a@example.org"}, {"wings", 2}}), Kind::usage);
    EXPECT_EQ(error("account list", {{"limit", -1}}), Kind::usage);
    EXPECT_EQ(error("account list", {{"limit", 1e300}}), Kind::usage);
    EXPECT_EQ(error("account show", {{"account", std::string(70'000, 'a')}}), Kind::usage);
    EXPECT_EQ(error("group member add", {{"address", "g@example.org"}, {"member", {1}}}), Kind::usage);
    EXPECT_EQ(error("storage snapshot", {{"directory", "relative"}}), Kind::usage);
    EXPECT_EQ(error("account show", Json::array()), Kind::usage);
    EXPECT_EQ(error("metrics list"), Kind::not_running);
}

TEST_F(AdminTest, MakesChangesAndDeletesAccounts) {
    Json made = ok("account add", {{"account", "ann@example.org"},
                                   {"password", "correct horse"},
                                   {"full-name", "Ann O"},
                                   {"alias", {"anna", "a.o"}}});
    EXPECT_EQ(made["address"], "ann@example.org");
    EXPECT_EQ(made["aliases"], Json({"anna", "a.o"}));
    EXPECT_FALSE(made.contains("password"));
    EXPECT_EQ(error("account add", {{"account", "anna@example.org"}}), Kind::exists);
    EXPECT_EQ(error("account add", {{"account", "x@example.com"}}), Kind::not_found);
    EXPECT_EQ(ok("account show", {{"account", "a.o@example.org"}})["full_name"], "Ann O");
    EXPECT_EQ(ok("account show", {{"account", "ann"}})["address"], "ann@example.org");

    auth::Context who;
    EXPECT_TRUE(authenticator->authenticate_plain(who, "ann@example.org", "correct horse").ok());
    ok("account password", {{"account", "ann@example.org"}, {"password", "battery staple"}});
    EXPECT_FALSE(authenticator->authenticate_plain(who, "ann@example.org", "correct horse").ok());
    EXPECT_TRUE(authenticator->authenticate_plain(who, "ann@example.org", "battery staple").ok());
    std::string random =
        ok("account password", {{"account", "ann@example.org"}, {"random-password", true}})["password"];
    EXPECT_TRUE(authenticator->authenticate_plain(who, "ann@example.org", random).ok());
    EXPECT_EQ(error("account password", {{"account", "ann@example.org"}}), Kind::usage);

    ok("account rename", {{"account", "ann@example.org"}, {"name", "hannah"}});
    ok("account alias remove", {{"account", "hannah@example.org"}, {"alias", "anna"}});
    EXPECT_EQ(error("account show", {{"account", "anna@example.org"}}), Kind::not_found);
    ok("account disable", {{"account", "hannah@example.org"}});
    EXPECT_EQ(ok("account show", {{"account", "hannah@example.org"}})["enabled"], false);

    EXPECT_EQ(ok("account folders", {{"account", "hannah@example.org"}})["folders"][0]["path"], "INBOX");
    AccountId id = id_of("hannah@example.org");
    EXPECT_TRUE(store->account(id));
    ok("account delete", {{"account", "hannah@example.org"}});
    EXPECT_FALSE(store->account(id)) << "the mail stayed";
    EXPECT_EQ(ok("account list", {{"domain", "example.org"}})["accounts"].size(), 1u);
}

TEST_F(AdminTest, ListsAccountsPageByPage) {
    for (int i = 0; i < 7; ++i) ok("account add", {{"account", fmt::format("user{}@example.org", i)}});
    Json page = ok("account list", {{"domain", "example.org"}, {"prefix", "USER"}, {"limit", 4}});
    ASSERT_EQ(page["accounts"].size(), 4u);
    Json next = ok("account list", {{"domain", "example.org"},
                                    {"prefix", "user"},
                                    {"limit", 4},
                                    {"after", page["next"].get<std::string>()}});
    EXPECT_EQ(next["accounts"].size(), 3u);
    EXPECT_EQ(next["accounts"][2]["address"], "user6@example.org");
    EXPECT_FALSE(next.contains("next"));
    EXPECT_EQ(ok("account list", {{"limit", 2}})["truncated"], true);
}

TEST_F(AdminTest, LetsValuesBeInheritedFromServerToAccount) {
    ok("account add", {{"account", "ann@example.org"}});
    auto folders = [&] {
        Json values = ok("account settings", {{"account", "ann@example.org"}})["values"];
        for (const Json& one : values)
            if (one["name"] == "mboxCount")
                return one["value"].get<std::string>() + (one["from_here"] ? "!" : "");
        return std::string{"?"};
    };
    EXPECT_EQ(folders(), "0");
    ok("server defaults set", {{"name", "mboxCount"}, {"value", "10"}});
    EXPECT_EQ(folders(), "10");
    ok("domain defaults set", {{"domain", "example.org"}, {"name", "mboxCount"}, {"value", "20"}});
    EXPECT_EQ(folders(), "20");
    ok("class add", {{"domain", "example.org"}, {"class", "big"}});
    ok("class set", {{"domain", "example.org"}, {"class", "big"}, {"name", "mboxCount"}, {"value", "30"}});
    ok("account class", {{"account", "ann@example.org"}, {"class", "big"}});
    EXPECT_EQ(folders(), "30");
    EXPECT_EQ(error("class delete", {{"domain", "example.org"}, {"class", "big"}}), Kind::in_use);
    ok("account set", {{"account", "ann@example.org"}, {"name", "mboxCount"}, {"value", "40"}});
    EXPECT_EQ(folders(), "40!");
    ok("account reset", {{"account", "ann@example.org"}, {"name", "mboxCount"}});
    EXPECT_EQ(folders(), "30");
    EXPECT_EQ(
        error("account set", {{"account", "ann@example.org"}, {"name", "mboxCount"}, {"value", "many"}}),
        Kind::bad_value);
}

TEST_F(AdminTest, KeepsGroupsForwardersAndFolderRecipientsApart) {
    ok("account add", {{"account", "ann@example.org"}});
    ok("group add", {{"address", "all@example.org"}, {"member", {"ann@example.org"}}});
    ok("group member add",
       {{"address", "all@example.org"}, {"member", {"bob@example.com", "eve@example.com"}}});
    ok("group member remove", {{"address", "all@example.org"}, {"member", {"eve@example.com"}}});
    EXPECT_EQ(ok("group show", {{"address", "all@example.org"}})["members"],
              Json({"ann@example.org", "bob@example.com"}));
    EXPECT_EQ(error("forwarder show", {{"address", "all@example.org"}}), Kind::not_found);
    ok("forwarder add", {{"address", "away@example.org"}, {"member", {"bob@example.com"}}});
    EXPECT_EQ(ok("forwarder list", {{"domain", "example.org"}})["forwarders"].size(), 1u);
    ok("folder-recipient add", {{"address", "news@example.org"}, {"folder", "News/World"}});
    ok("folder-recipient folder", {{"address", "news@example.org"}, {"folder", "News"}});
    EXPECT_EQ(ok("folder-recipient show", {{"address", "news@example.org"}})["folder"], "News");
    ok("folder-recipient delete", {{"address", "news@example.org"}});
    ok("group delete", {{"address", "all@example.org"}});
    EXPECT_EQ(ok("group list", {{"domain", "example.org"}})["groups"].size(), 0u);
}

TEST_F(AdminTest, DeletesADomainWithItsMailOnlyWhenForced) {
    ok("account add", {{"account", "ann@example.org"}});
    AccountId id = id_of("ann@example.org");
    EXPECT_EQ(error("domain delete", {{"domain", "example.org"}}), Kind::in_use);
    EXPECT_TRUE(store->account(id));
    EXPECT_EQ(ok("domain delete", {{"domain", "example.org"}, {"forced", true}})["accounts"], 2);
    EXPECT_FALSE(store->account(id));
    EXPECT_EQ(ok("domain list")["domains"].size(), 0u);
}

TEST_F(AdminTest, ChangesDomains) {
    ok("domain alias add", {{"domain", "example.org"}, {"alias", "example.net"}});
    EXPECT_EQ(ok("domain show", {{"domain", "EXAMPLE.NET"}})["name"], "example.org");
    ok("domain rename", {{"domain", "example.org"}, {"name", "example.com"}});
    ok("account add", {{"account", "ann@example.com"}});
    ok("domain catch-all", {{"domain", "example.com"}, {"account", "ann"}});
    EXPECT_EQ(ok("domain show", {{"domain", "example.com"}})["catch_all_target"], "ann");
    EXPECT_EQ(error("domain catch-all", {{"domain", "example.com"}, {"account", "ann"}, {"off", true}}),
              Kind::usage);
    EXPECT_EQ(error("domain set", {{"domain", "example.com"}, {"location", {"77"}}}), Kind::not_found);
    ok("domain set", {{"domain", "example.com"}, {"services", {"imap"}}});
    EXPECT_EQ(ok("domain show", {{"domain", "example.com"}})["services"], Json::array({"imap"}));
    EXPECT_EQ(error("domain set", {{"domain", "example.com"}, {"services", {"gopher"}}}), Kind::bad_value);
}

TEST_F(AdminTest, ShowsRetriesAndDeletesWhatIsHeld) {
    std::string id = queue::to_string(hold("bob@example.com"));
    hold("eve@example.net");
    Json all = ok("queue list");
    ASSERT_EQ(all["messages"].size(), 2u);
    EXPECT_EQ(all["messages"][0]["status"], "held (4.4.4 Held for a test)");
    EXPECT_EQ(all["messages"][0]["next_attempt"], nullptr);
    EXPECT_EQ(ok("queue list", {{"recipient", "EXAMPLE.COM"}})["messages"].size(), 1u);
    EXPECT_EQ(ok("queue list", {{"sender", "nobody"}})["messages"].size(), 0u);
    Json page = ok("queue list", {{"limit", 1}});
    EXPECT_EQ(ok("queue list", {{"after", page["next"].get<std::string>()}})["messages"].size(), 1u);

    ok("queue retry", {{"id", id}});
    EXPECT_EQ(wakes, 1);
    Json shown = ok("queue show", {{"id", id}, {"header", true}});
    EXPECT_EQ(shown["recipients"][0]["state"], "pending");
    EXPECT_THAT(shown["header"].get<std::string>(), HasSubstr("Subject: held"));

    auto due = queue->take_due(clock.now(), 10);
    ASSERT_TRUE(due);
    ASSERT_EQ(due->size(), 1u);
    EXPECT_EQ(error("queue delete", {{"id", id}}), Kind::in_use) << "it is being delivered";
    ASSERT_TRUE(queue->put_back(due->front(), due->front()));
    ok("queue delete", {{"id", id}});
    EXPECT_EQ(error("queue show", {{"id", id}}), Kind::not_found);
    EXPECT_EQ(error("queue show", {{"id", "zz"}}), Kind::bad_value);
    EXPECT_EQ(ok("storage verify")["clean"], true) << "nothing refers to its bytes and nothing misses them";
}

TEST_F(AdminTest, CaresForTheStore) {
    ok("account add", {{"account", "ann@example.org"}});
    EXPECT_EQ(ok("storage verify")["clean"], true);
    EXPECT_FALSE(percents.empty());
    EXPECT_EQ(ok("storage report")["locations"].size(), 1u);
    ok("storage compact");
    ok("storage repair", {{"account", "ann@example.org"}});
    EXPECT_EQ(error("storage repair", {{"account", "#x"}}), Kind::bad_value);
    auto copy = (scratch.path() / "copy").string();
    ok("storage snapshot", {{"directory", copy}});
    EXPECT_TRUE(std::filesystem::exists(copy + "/kv"));
    EXPECT_EQ(error("storage snapshot", {{"directory", copy}}), Kind::exists);
    EXPECT_EQ(error("storage add-location", {{"number", 70'000}, {"directory", "/x"}}), Kind::bad_value);
}

TEST_F(AdminTest, KeepsTheBuiltInAdministrator) {
    ok("admin add", {{"name", "root"}, {"password", "correct horse"}});
    EXPECT_EQ(ok("admin list")["administrators"].size(), 2u);
    ok("admin delete", {{"name", "root"}});
    EXPECT_EQ(error("admin delete", {{"name", "admin"}}), Kind::not_allowed);
}

TEST_F(AdminTest, AnOlderServerRefusesANewerStore) {
    close();
    {
        kv::Options newer;
        newer.format = 1'000;
        ASSERT_TRUE(kv::Store::open(scratch.path() / "kv", newer));
    }
    mailstore::Options options = mailstore::options_in(scratch.path());
    options.log = &logger;
    auto opened = mailstore::MailStore::open(options, [](auto, auto) { return std::nullopt; });
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().what, HasSubstr("newer"));
}

/// As the control socket does when the server stops.
TEST_F(AdminTest, LongWorkIsGivenUpWhenItIsCancelled) {
    const Progress stopping = [](std::string_view, int) { throw Cancelled{}; };
    (void)hold("far@elsewhere.example");
    for (const char* name : {"storage verify", "storage compact"}) {
        EXPECT_THROW((void)admin::run(*context, name, Json::object(), stopping), Cancelled) << name;
        ok(name);
    }
}

}  // namespace
}  // namespace postrider::admin
