#include "admin/fixture_for_tests.h"

namespace postrider::admin {
namespace {

struct SharingOperations : AdminTest {
    void SetUp() override {
        AdminTest::SetUp();
        for (const char* who : {"ann@example.org", "bob@example.org"})
            ok("account add", {{"account", who}, {"password", "pw for tests 1"}});
    }
};

TEST_F(SharingOperations, PublicFoldersAreMadeWithAnAddressThatFollowsThem) {
    auto made = ok("publicfolder add",
                   {{"domain", "example.org"}, {"folder", "Support/Mail"}, {"address", "support"}});
    EXPECT_EQ(made["address"], "support@example.org");
    ok("publicfolder add", {{"domain", "example.org"}, {"folder", "Team"}, {"kind", "events"}});
    auto listed = ok("publicfolder list", {{"domain", "example.org"}});
    EXPECT_EQ(listed["root"], "Public Folders");
    ASSERT_EQ(listed["folders"].size(), 3u) << listed;
    EXPECT_EQ(listed["folders"][2]["kind"], "events");
    EXPECT_EQ(error("publicfolder add", {{"domain", "example.org"}, {"folder", "Team"}}),
              Error::Kind::exists);
    EXPECT_EQ(error("publicfolder add", {{"domain", "example.org"}, {"folder", "x"}, {"kind", "y"}}),
              Error::Kind::bad_value);
    EXPECT_EQ(
        error("publicfolder add", {{"domain", "example.org"}, {"folder", "Other"}, {"address", "support"}}),
        Error::Kind::exists);
    EXPECT_EQ(ok("publicfolder list", {{"domain", "example.org"}})["folders"].size(), 3u)
        << "without its address no folder is made";
    ok("publicfolder rename", {{"domain", "example.org"}, {"folder", "Support"}, {"name", "Help"}});
    EXPECT_EQ(ok("folder-recipient show", {{"address", "support@example.org"}})["folder"], "Help/Mail");
    ok("publicfolder delete", {{"domain", "example.org"}, {"folder", "Team"}});
    EXPECT_EQ(error("publicfolder delete", {{"domain", "example.org"}, {"folder", "Team"}}),
              Error::Kind::not_found);
    EXPECT_EQ(ok("publicfolder root", {{"domain", "example.org"}, {"name", "Alle"}})["root"], "Alle");
    auto limits = ok("publicfolder quota", {{"domain", "example.org"}, {"messages", 5}, {"size", 10}});
    EXPECT_EQ(limits["limit_messages"], 5);
    EXPECT_EQ(ok("publicfolder quota", {{"domain", "example.org"}})["limit_bytes"], 10240);
}

TEST_F(SharingOperations, PermissionsAreShownSetAndRemoved) {
    auto entries = ok("permission show", {{"owner", "@example.org"}})["entries"];
    ASSERT_EQ(entries.size(), 1u);
    EXPECT_EQ(entries[0]["who"], "anyone");
    EXPECT_EQ(entries[0]["allow"], Json::array({"lookup"}));
    entries = ok("permission set", {{"owner", "ann@example.org"},
                                    {"who", "bob"},
                                    {"folder", "INBOX"},
                                    {"level", "editor"},
                                    {"deny", {"w"}}})["entries"];
    ASSERT_EQ(entries.size(), 1u);
    EXPECT_EQ(entries[0]["who"], "bob@example.org");
    EXPECT_EQ(entries[0]["level"], "custom");
    EXPECT_EQ(entries[0]["subfolders"], true);
    const Json asked{{"owner", "ann@example.org"}, {"who", "bob@example.org"}, {"folder", "INBOX"}};
    EXPECT_EQ(ok("permission effective", asked)["letters"], "lripted");
    EXPECT_TRUE(ok("permission remove", asked)["entries"].empty());
    EXPECT_EQ(ok("permission effective", asked)["letters"], "");
    ok("permission set", {{"owner", "ann@example.org"}, {"who", "bob"}, {"allow", {"sendAs", "freeBusy"}}});
    EXPECT_TRUE(sharing->may_send_as(**directory->account(id_of("bob@example.org")), {"ann", "example.org"}));
    EXPECT_EQ(error("permission set", {{"owner", "ann@example.org"}, {"who", "bob"}}), Error::Kind::usage);
    EXPECT_EQ(error("permission set", {{"owner", "ann@example.org"}, {"who", "bob"}, {"allow", {"fly"}}}),
              Error::Kind::bad_value);
    EXPECT_EQ(error("permission set", {{"owner", "ann@example.org"}, {"who", "zoe"}, {"allow", {"l"}}}),
              Error::Kind::not_found);
}

}  // namespace
}  // namespace postrider::admin
