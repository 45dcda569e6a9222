#include "cli/shell/fixture_for_tests.h"
#include "directory/admin_limits.h"
#include "mailstore/uid_set.h"

namespace postrider::cli {
namespace {

using Lines = std::vector<std::string>;

class RightsTest : public ShellTest {
protected:
    void SetUp() override {
        ShellTest::SetUp();
        ok("domain add", {{"domain", "example.net"}});
        login();
    }
    /// A delegated administrator with these GRANT, DENY ... lines.
    void make(std::initializer_list<std::string_view> rights) {
        login();
        script({"ENTER AACL", "ADD admin-user name \"dom1admin\" password \"pw\""});
        script(rights);
        script({"DONE", "DONE"});
        login("dom1admin", "pw");
    }
};

TEST_F(RightsTest, TheDelegatedAdministratorOfTheSpecification) {
    expect_ok("ENTER AACL", "<aacl#> ");
    expect_ok("ADD admin-user name \"dom1admin\" password \"pw\"", "<aacl-adminUser#> ");
    expect_ok("GRANT permission (manageAccounts createAccounts) domain \"example.org\"");
    expect_ok("DONE", "<aacl#> ");
    EXPECT_FALSE(directory->admin("dom1admin"));
    expect_ok("DONE", "<#> ");
    login("dom1admin", "pw");
    EXPECT_EQ(slice("LIST Domains", 5, 3).size(), 1u);
    expect_ok("UPDATE Domain example.org");
    script({"ADD Account john password x1", "SET customerReference 7", "COMMIT", "LIST Accounts",
            "UPDATE Account john"});
    EXPECT_NE(expect_error("SET name jack").find("manageAccountsNaming"), std::string::npos);
    expect_error("SET password other");
    expect_error("CONFIG Quotas");
    expect_ok("BACK");
    expect_error("REMOVE Account john");
    expect_error("ADD Group team");
    expect_error("SET customerReference 1");
    expect_ok("BACK");
    expect_error("UPDATE Domain example.net");
    expect_error("CONFIG SERVER");
    expect_error("ENTER AACL");
    expect_error("ENTER QUEUE");
    expect_error("SAVE CONFIG");
    expect_error("SET admin-password hacked");
    expect_error("CREATE Domain name evil.example postmasterPassword x");
    expect_error("DELETE Domain name example.org");
    expect_ok("CHANGE password oldPassword pw newPassword pw2");
}

TEST_F(RightsTest, WhatIsGrantedOnAnyDomainHoldsForEach) {
    make(
        {"GRANT permission (manageGroupsOnAnyDomain createGroupsOnAnyDomain "
         "manageGroupsMembersOnAnyDomain)"});
    EXPECT_EQ(slice("LIST Domains", 5, 3).size(), 2u);
    script({"UPDATE Domain example.net", "ADD Group team", "ADD Address a@example.org", "COMMIT"});
}

TEST_F(RightsTest, DenyOnADomainCountsBeforeGrantOnAny) {
    make({"GRANT permission (manageAccountsOnAnyDomain)",
          "DENY permission (manageAccounts) domain example.net"});
    EXPECT_EQ(slice("LIST Domains", 5, 3).size(), 1u);
}

TEST_F(RightsTest, OwnRightsCountBeforeInheritedOnes) {
    script({"ENTER AACL", "ADD admin-group name helpers",
            "GRANT permission (manageAccounts manageGroups) domain example.org", "DONE",
            "ADD admin-user name eve password pw", "ADD parent-group name helpers",
            "DENY permission (manageGroups) domain example.org", "DONE", "DONE"});
    login("eve", "pw");
    script({"UPDATE Domain example.org", "LIST Accounts"});
    expect_error("LIST Groups");
    login();
    script({"ENTER AACL", "UPDATE admin-user eve"});
    EXPECT_EQ(slice("SHOW effective-permissions domain example.org", 2, 3), Lines{"manageAccounts"});
    EXPECT_EQ(slice("LIST parents", 2, 3), Lines{"helpers"});
    script({"REVOKE permission (manageGroups) domain example.org", "DONE", "DONE", "ENTER AACL",
            "UPDATE admin-user eve"});
    EXPECT_EQ(slice("SHOW effective-permissions domain example.org", 2, 3),
              (Lines{"manageAccounts", "manageGroups"}));
    expect_ok("BACK");
    expect_error("REMOVE admin-group helpers");
    expect_ok("REMOVE admin-group helpers forced");
}

TEST_F(RightsTest, LimitsOfADomainHoldItsAdministrators) {
    script({"UPDATE Domain example.org", "CONFIG adminLimits",
            "SET maxAccounts 3 maxGroups 1 maxAccountMessageSizeQuota 1000 availableServices (imap "
            "smtpIncoming)",
            "ADD reservedRcpt abuse", "COMMIT", "CONFIG adminLimits"});
    EXPECT_EQ(slice("SHOW ATTR maxAccounts", 0, 2), Lines{"maxAccounts = 3"});
    EXPECT_EQ(slice("LIST reservedRcpts", 2, 3), Lines{"abuse"});
    script({"BACK", "BACK"});
    make(
        {"GRANT permission (manageAccounts createAccounts createGroups manageGroups manageFoldersQuotas "
         "manageDomainConfig manageDomainServices) domain example.org"});
    script({"UPDATE Domain example.org", "ADD Account one password x1", "COMMIT"});
    auto one = directory->account(*mime::parse_addr_spec("one@example.org"));
    ASSERT_TRUE(one);
    EXPECT_EQ((*directory->effective((*one)->id))->total_message_size_kb, 1000U) << "as much as is allowed";
    script({"UPDATE Account one", "CONFIG Quotas", "SET totalMessageSize 1001", "DONE"});
    EXPECT_NE(expect_error("COMMIT").find("totalMessageSize is limited to 1000"), std::string::npos);
    script({"CONFIG Quotas", "SET totalMessageSize 500", "DONE", "COMMIT"});
    expect_ok("ADD Account abuse password x1");
    EXPECT_NE(expect_error("COMMIT").find("reserved"), std::string::npos);
    script({"BACK", "ADD Account two password x1", "COMMIT"});  // with the postmaster there are three
    expect_ok("ADD Account three password x1");
    EXPECT_NE(expect_error("COMMIT").find("3 accounts"), std::string::npos);
    script({"BACK", "ADD Group team", "COMMIT"});
    expect_ok("ADD Forwarder on");
    EXPECT_NE(expect_error("COMMIT").find("1 groups"), std::string::npos);
    expect_ok("BACK");
    expect_error("CONFIG adminLimits");
    expect_ok("SET services (imap pop3)");
    EXPECT_NE(expect_error("COMMIT").find("not available"), std::string::npos);
    login();
    script({"UPDATE Domain example.org", "ADD Account three password x1", "COMMIT"});
}

TEST_F(RightsTest, LimitsHoldForSingleFoldersAndPublicFoldersToo) {
    script({"UPDATE Domain example.org", "ADD Account one password x1", "COMMIT", "CONFIG adminLimits",
            "SET maxAccountFolderMessageCountQuota 50 maxPublicFolderMessageSizeQuota 900 "
            "maxPublicFolderFolderCountQuota 7 maxPublicFolderFolderMessageCountQuota 30",
            "COMMIT", "CONFIG adminLimits"});
    EXPECT_EQ(slice("SHOW ATTR maxPublicFolderMessageSizeQuota", 0, 2),
              Lines{"maxPublicFolderMessageSizeQuota = 900"});
    EXPECT_NE(expect_error("SET maxMaillists 3").find("mailing lists"), std::string::npos);
    make(
        {"GRANT permission (manageAccounts manageFoldersQuotas managePublicFolder createPublicFolder) domain "
         "example.org"});
    script({"UPDATE Domain example.org", "UPDATE Account one", "CONFIG Quotas",
            "SET MboxQuota mboxName INBOX messageCount 51 messageSize 0", "DONE"});
    EXPECT_NE(expect_error("COMMIT").find("messageCount is limited to 50"), std::string::npos);
    script({"CONFIG Quotas", "SET MboxQuota mboxName INBOX messageCount 50 messageSize 0", "DONE", "COMMIT"});
    script({"CONFIG PUBLIC-FOLDER"});
    expect_error("CONFIG Quotas");
    login();
    script({"ENTER AACL", "UPDATE admin-user dom1admin",
            "GRANT permission (managePublicFoldersQuotas) domain example.org", "DONE", "DONE"});
    login("dom1admin", "pw");
    script({"UPDATE Domain example.org", "CONFIG PUBLIC-FOLDER", "ADD Mbox news", "COMMIT",
            "CONFIG PUBLIC-FOLDER", "CONFIG Quotas", "SET totalMessageSize 901 mboxCount 7 messageCount 30",
            "DONE"});
    EXPECT_NE(expect_error("COMMIT").find("totalMessageSize is limited to 900"), std::string::npos);
    script(
        {"CONFIG Quotas", "SET totalMessageSize 900", "SET MboxQuota mboxName news messageCount 31", "DONE"});
    EXPECT_NE(expect_error("COMMIT").find("messageCount is limited to 30"), std::string::npos);
    script({"CONFIG Quotas", "SET MboxQuota mboxName news messageCount 5", "DONE", "COMMIT"});
    const auto kept = live.quotas->of(directory->domain("example.org")->public_account);
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->size(), 1U);
    script({"CONFIG PUBLIC-FOLDER", "CONFIG Quotas"});
    EXPECT_EQ(slice("SHOW ATTR totalMessageSize", 0, 2), Lines{"totalMessageSize = 900"});
}

TEST_F(RightsTest, SubDomainsAreMadeByThoseWhoMayAndHaveTheLimitsOfTheirParent) {
    script({"UPDATE Domain example.org", "CONFIG adminLimits", "SET maxSubdomains 1 maxAccounts 5", "COMMIT",
            "BACK"});
    make({"GRANT permission (manageSubdomains manageAccounts createAccounts) domain example.org"});
    expect_error("CREATE Subdomain prefix a parentDomain example.net postmasterPassword p1");
    expect_ok("CREATE Subdomain prefix dev parentDomain example.org postmasterPassword p1",
              "<subdomain-create#> ");
    expect_ok("COMMIT", "<#> ");
    auto made = directory->domain("dev.example.org");
    ASSERT_TRUE(made);
    EXPECT_EQ(directory::admin_limits(store->kv(), made->id)->max_accounts, 5U);
    script({"UPDATE Domain dev.example.org", "ADD Account ann password x1", "COMMIT", "BACK"});
    expect_ok("CREATE Subdomain prefix ops parentDomain example.org postmasterPassword p1");
    EXPECT_NE(expect_error("COMMIT").find("1 sub-domains"), std::string::npos);
    login();
    script({"CREATE Subdomain prefix ops parentDomain example.org postmasterPassword p1", "COMMIT"});
    EXPECT_TRUE(directory->domain("ops.example.org"));
}

TEST_F(RightsTest, EachSubDomainGetsADirectoryOfItsOwnWhereItsParentSaysSo) {
    std::vector<std::string> made;
    context->location_at = [&](const std::string& path, std::uint32_t files,
                               std::uint64_t) -> mailstore::Result<std::uint16_t> {
        EXPECT_EQ(files, 7U);
        made.push_back(path);
        return static_cast<std::uint16_t>(made.size());
    };
    script({"UPDATE Domain example.org", "CONFIG adminLimits",
            "SET subdomainStorageLocation file:///srv/sub?maxFiles=7 subdomainObjectStorageLocation "
            "/srv/objects",
            "COMMIT", "CONFIG adminLimits"});
    EXPECT_EQ(slice("SHOW ATTR subdomainObjectStorageLocation", 0, 2),
              Lines{"subdomainObjectStorageLocation = \"/srv/objects\""});
    script({"SET subdomainStorageLocation \"\\?maxFiles=900\""});
    expect_error("COMMIT");
    script({"BACK", "BACK", "CREATE Subdomain prefix Dev parentDomain example.org postmasterPassword p1",
            "COMMIT", "UPDATE Domain example.org", "CONFIG adminLimits",
            "ADD subdomainMessageStorageLocation /srv/all?maxFiles=7", "COMMIT", "BACK",
            "CREATE Subdomain prefix ops parentDomain example.org postmasterPassword p1", "COMMIT"});
    EXPECT_EQ(made, (Lines{"/srv/sub/dev.example.org/messages", "/srv/all"}));
    EXPECT_EQ(directory->domain("dev.example.org")->locations, std::vector<std::uint16_t>{1});
}

/// A search that finds messages whose numbers it lists: "1 3".
class PurgeTest : public RightsTest {
protected:
    void SetUp() override {
        RightsTest::SetUp();
        context->wrong_search = [](std::string_view text) -> std::optional<std::string> {
            if (text.find_first_not_of("0123456789 ") == text.npos) return std::nullopt;
            return "no search";
        };
        context->find_messages = [](mailstore::Account&, mailstore::FolderView&,
                                    std::string_view text) -> mailstore::Result<mailstore::UidSet> {
            mailstore::UidSet found;
            for (const char c : text)
                if (c != ' ') mailstore::append(found, Uid{static_cast<std::uint32_t>(c - '0')});
            return found;
        };
        for (const char* name : {"ann", "bob"}) {
            const std::string address = std::string{name} + "@example.org";
            ok("account add", {{"account", address}});
            for (const char* folder : {"INBOX", "Trash", "Lists/one"}) fill(id_of(address), folder);
        }
        fill(directory->domain("example.org")->public_account, "news");
    }
    void fill(AccountId id, const char* path) {
        auto account = mailstore::open_or_create(*store, id).value();
        auto folder = account->folder(path);
        if (!folder) folder = account->create_folder(path);
        for (const char* subject : {"one", "two", "three"})
            ASSERT_TRUE(account->append(folder->id, {{mailstore::message(subject)}}));
    }
    std::uint32_t left(const char* address, const char* path) {
        return store->account(id_of(address)).value()->folder(path)->messages;
    }
    std::string status(std::string_view line) {
        expect_ok(line);
        return lines().at(lines().size() - 2);
    }
};

TEST_F(PurgeTest, TakesWhatIsAskedForFromEveryMailboxOfADomain) {
    script({"UPDATE Domain example.org"});
    EXPECT_NE(status("PURGE account folders Trash, \"Lists/one\" 1 3")
                  .find("8 messages purged from 4 folders of 2"),
              std::string::npos);
    EXPECT_EQ(left("ann@example.org", "Trash"), 1U);
    EXPECT_EQ(left("bob@example.org", "Lists/one"), 1U);
    EXPECT_EQ(left("bob@example.org", "INBOX"), 3U);
    EXPECT_NE(status("PURGE public folders news").find("3 messages"), std::string::npos);
    expect_error("PURGE account folders Trash ALL");
    expect_error("PURGE account folders Trash,");
    script({"UPDATE Account ann"});
    EXPECT_NE(status("purge account folders inbox \"2\"").find("1 messages"), std::string::npos);
    EXPECT_EQ(left("bob@example.org", "INBOX"), 3U);
    script({"BACK", "BACK"});
    EXPECT_NE(status("PURGE account folders INBOX , Trash").find("7 messages"), std::string::npos);
}

TEST_F(PurgeTest, DelegatedAdministratorsAreHeldToWhatTheirLimitsSay) {
    script({"UPDATE Domain example.org", "CONFIG adminLimits", "SET purgeConstraint NOT"});
    EXPECT_NE(expect_error("COMMIT").find("purgeConstraint: no search"), std::string::npos);
    script({"SET purgeConstraint \"2 3\" purgeFolders (Trash Spam)", "COMMIT"});
    make({"GRANT permission (manageAccounts) domain example.org"});
    expect_error("PURGE account folders Trash");
    script({"UPDATE Domain example.org"});
    EXPECT_NE(expect_error("PURGE account folders INBOX").find("cannot purge the folder INBOX"),
              std::string::npos);
    expect_error("PURGE public folders news");
    EXPECT_NE(status("PURGE account folders trash 1 2").find("2 messages"), std::string::npos);
    EXPECT_NE(status("PURGE account folders Trash").find("2 messages"), std::string::npos);
    EXPECT_EQ(left("ann@example.org", "Trash"), 1U);
}

TEST_F(PurgeTest, EndsWhenTheServerStops) {
    context->stopping = [] { return true; };
    EXPECT_NE(expect_error("PURGE account folders INBOX").find("stopping"), std::string::npos);
    EXPECT_EQ(left("ann@example.org", "INBOX"), 3U);
}

TEST_F(RightsTest, GroupsDoNotLoop) {
    script({"ENTER AACL", "ADD admin-group a", "DONE", "ADD admin-group b", "ADD parent-group a", "DONE",
            "UPDATE admin-group a", "ADD parent-group b", "DONE"});
    expect_error("DONE");
}

TEST_F(RightsTest, NobodyGivesMoreThanHeHas) {
    make({"GRANT permission (manageAdminACL manageLog)"});
    script({"ENTER AACL", "ADD admin-user name friend password pw", "GRANT permission (manageLog)"});
    expect_error("GRANT permission (manageServerConfig)");
    expect_ok("BACK");
    expect_error("UPDATE admin-user admin");
    expect_error("REMOVE admin-user admin");
}

TEST_F(RightsTest, RightsOnADomainThatIsGoneCanBePurged) {
    make({"GRANT permission (manageAccounts) domain example.net"});
    login();
    script({"DELETE Domain example.net dontKeepCopy", "ENTER AACL"});
    EXPECT_EQ(slice("LIST resources", 2, 3).size(), 1u);
    expect_ok("PURGE resources");
    EXPECT_EQ(slice("LIST resources", 2, 3), Lines{});
}

TEST_F(RightsTest, PermissionsOfADomainAreGivenThereToo) {
    make({});
    login();
    script({"UPDATE Domain example.org", "CONFIG PERMISSIONS",
            "GRANT permission (manageAccounts) admin-user name dom1admin", "DONE"});
    script({"CONFIG PERMISSIONS"});
    EXPECT_EQ(slice("LIST Permissions", 5, 3).size(), 1u);
    expect_error("GRANT permission (manageLog) admin-user dom1admin");
}

TEST_F(RightsTest, WhoIsRemovedIsOutAtOnce) {
    make({"GRANT permission (manageAccounts) domain example.org"});
    ASSERT_TRUE(directory->delete_admin("dom1admin"));
    say("LIST Domains");
    EXPECT_TRUE(last.close);
}

}  // namespace
}  // namespace postrider::cli
