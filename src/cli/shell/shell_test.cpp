#include <gmock/gmock.h>

#include "cli/shell/fixture_for_tests.h"

namespace postrider::cli {
namespace {

using Lines = std::vector<std::string>;

TEST_F(ShellTest, TheDialogueOfTheSpecification) {
    EXPECT_TRUE(lines().front().starts_with("Welcome to AXIGEN's Command Line Interface"));
    EXPECT_EQ(prompt(), "<login> ");
    say("GET VERSION");
    EXPECT_EQ(lines()[0].substr(0, 13), "10.0.0|Linux|");
    EXPECT_EQ(say("USER admin"), "<password> ");
    EXPECT_EQ(say("secret"), "+OK: Authentication successful\r\n<#> ");
    EXPECT_EQ(say("QUIT"), "+OK: have a nice day\r\n");
    EXPECT_TRUE(last.close);
}

TEST_F(ShellTest, APasswordIsTakenAsItStands) {
    ASSERT_TRUE(authenticator->set_admin_password("admin", "QUIT"));
    say("USER admin");
    EXPECT_EQ(say("QUIT"), "+OK: Authentication successful\r\n<#> ");
}

TEST_F(ShellTest, AWrongPasswordLeadsBackToTheLoginPrompt) {
    say("USER admin");
    EXPECT_EQ(say("wrong"), "-ERR: Authentication failed\r\n<login> ");
    say("USER nobody");
    EXPECT_EQ(say("wrong"), "-ERR: Authentication failed\r\n<login> ");
}

TEST_F(ShellTest, TooManyFailedLogInsEndTheSession) {
    settings.service.max_auth_errors = 2;
    say("USER admin");
    say("wrong");
    EXPECT_FALSE(last.close);
    say("USER admin");
    say("wrong");
    EXPECT_TRUE(last.close);
}

TEST_F(ShellTest, CommandsBeforeLogInAreCountedRightOrWrong) {
    settings.max_auth_commands = 3;
    settings.service.max_errors = 0;
    say("HELP");
    say("nonsense");
    EXPECT_FALSE(last.close);
    say("HELP");
    EXPECT_TRUE(last.close);
}

TEST_F(ShellTest, WrongCommandsEndTheSessionAndFailuresDoNot) {
    settings.service.max_errors = 3;
    login();
    for (int i = 0; i < 10; ++i) expect_error("UPDATE Domain name nowhere.example");
    EXPECT_FALSE(last.close);
    expect_error("NONSENSE");
    expect_error("ADD");
    say("\"");
    EXPECT_TRUE(last.close);
}

TEST_F(ShellTest, ConsoleCodesColourAndHide) {
    say("SET CONSOLE-CODES on");
    EXPECT_NE(last.text.find("\x1b[32m+OK"), std::string::npos);
    EXPECT_NE(say("USER admin").find("\x1b[8m"), std::string::npos);
    say("secret");
    EXPECT_NE(last.text.find("\x1b[0m"), std::string::npos);
}

TEST_F(ShellTest, EveryAnswerAfterLogInEndsWithOneStatusLineAndThePrompt) {
    login();
    for (const char* line : {"HELP",
                             "LIST Domains",
                             "SHOW",
                             "SHOW Domain example.org",
                             "nonsense",
                             "CONFIG SERVER",
                             "HELP",
                             "SHOW",
                             "SHOW Config",
                             "LIST Storages",
                             "SHOW StorageInformation",
                             "CONFIG LOG",
                             "LIST Rules",
                             "BACK",
                             "BACK",
                             "ENTER QUEUE",
                             "LIST",
                             "BACK",
                             "ENTER AACL",
                             "LIST admin-users",
                             "DONE",
                             "UPDATE Domain example.org",
                             "SHOW RegistryInformation",
                             "LIST Accounts"}) {
        say(line);
        std::size_t count = 0;
        for (const std::string& one : lines()) count += one.starts_with("+OK: ") || one.starts_with("-ERR: ");
        EXPECT_EQ(count, 1u) << line << "\n" << last.text;
        EXPECT_TRUE(status().starts_with("+OK: ") || status().starts_with("-ERR: ")) << line;
        EXPECT_TRUE(prompt().starts_with("<") && prompt().ends_with("#> ")) << line;
    }
}

/// Locations as the server keeps them.
class PlacesTest : public ShellTest {
protected:
    void SetUp() override {
        ShellTest::SetUp();
        context->location_at = [this](const std::string& path, std::uint32_t files,
                                      std::uint64_t octets) -> mailstore::Result<std::uint16_t> {
            for (const auto& one : known)
                if (one.directory == path) return one.number;
            const auto number = static_cast<std::uint16_t>(known.size());
            known.push_back({number, path, files == 0 ? 128 : files, octets == 0 ? 256u << 20 : octets});
            return number;
        };
        context->locations = [this] { return known; };
        context->change_location = [this](const admin::StorageLocation& one) -> mailstore::Result<> {
            known.at(one.number) = one;
            return {};
        };
        login();
    }
    std::vector<std::uint16_t> locations_of(std::string_view domain) {
        return directory->domain(domain)->locations;
    }
    std::vector<admin::StorageLocation> known{{0, "/srv/messages", 128, 256u << 20}};
};

TEST_F(PlacesTest, ADomainHasSeveralPlacesForItsMessages) {
    using Numbers = std::vector<std::uint16_t>;
    expect_ok("CREATE Domain name example.net postmasterPassword pw");
    expect_ok("ADD MessagesLocation file:///disk1/net?maxFiles=10&maxFileSize=2048");
    expect_ok("ADD MessagesLocation /disk2/net");
    expect_error("ADD MessagesLocation /disk2/net/");
    expect_error("ADD MessagesLocation ?maxFiles=3");
    expect_ok("ADD MessagesLocation /disk3/net");
    expect_ok("REMOVE MessagesLocation /disk3/net");
    expect_ok("COMMIT", "<#> ");
    EXPECT_EQ(locations_of("example.net"), (Numbers{1, 2}));
    EXPECT_EQ(known[1].max_files, 10u);
    EXPECT_EQ(known[1].max_file_bytes, 2048u * 1024);

    expect_ok("EDIT Domain name example.net", "<domain-edit#> ");
    EXPECT_EQ(slice("LIST MessagesLocations", 2, 3),
              (Lines{"file:///disk1/net?maxFiles=10&maxFileSize=2048",
                     "file:///disk2/net?maxFiles=128&maxFileSize=262144"}));
    expect_ok("UPDATE MessagesLocation /disk1/net /disk1/net?maxFiles=20&readOnly=yes");
    expect_ok("UPDATE MessagesLocation file:///disk2/net /disk4/net");
    expect_error("UPDATE MessagesLocation /disk2/net /disk5/net");
    expect_error("UPDATE MessagesLocation /disk4/net /disk1/net");
    expect_ok("COMMIT", "<#> ");
    EXPECT_EQ(locations_of("example.net"), (Numbers{1, 3}));
    EXPECT_EQ(known[1].max_files, 20u);
    EXPECT_EQ(known[1].max_file_bytes, 2048u * 1024);
    EXPECT_TRUE(known[1].read_only);

    expect_ok("EDIT Domain name example.net");
    expect_ok("REMOVE MessagesLocation /disk1/net");
    expect_ok("REMOVE MessagesLocation /disk4/net");
    expect_error("COMMIT");  // nowhere left
    expect_ok("RESET");
    EXPECT_EQ(slice("LIST MessagesLocations", 2, 3).size(), 2u);
    expect_ok("BACK");
    expect_ok("UPDATE Domain example.net");
    EXPECT_EQ(slice("LIST Storages", 2, 3)[0], "file:///disk1/net?maxFiles=20&maxFileSize=2048&readOnly=yes");
}

TEST_F(PlacesTest, LimitsOfAPlaceThatAnotherDomainUsesDoNotChange) {
    expect_ok("EDIT Domain example.org");
    expect_ok("ADD MessagesLocation /disk1");
    expect_ok("COMMIT");
    expect_ok("CREATE Domain name example.net postmasterPassword pw");
    expect_ok("ADD MessagesLocation /disk1?maxFiles=3");
    expect_error("COMMIT");
    expect_ok("REMOVE MessagesLocation /disk1");
    expect_ok("ADD MessagesLocation /disk1");
    expect_ok("COMMIT");
    EXPECT_EQ(known[1].max_files, 128u);
}

TEST_F(PlacesTest, ADomainCanBeNamedByItsLocation) {
    expect_ok(
        "CREATE Domain name example.net domainLocation /srv/domains/example.net/ postmasterPassword pw");
    expect_ok("COMMIT", "<#> ");
    expect_error("EDIT Domain domainLocation /srv/domains/other");
    expect_ok("EDIT Domain domainLocation file:///srv/domains/example.net?maxFiles=3", "<domain-edit#> ");
    EXPECT_EQ(slice("SHOW ATTR domainLocation", 0, 2),
              (Lines{"domainLocation = \"/srv/domains/example.net\""}));
    expect_ok("SET domainLocation /srv/net");
    expect_ok("COMMIT");
    expect_ok("DISABLE Domain name example.net");
    expect_error("ENABLE Domain domainLocation /srv/domains/example.net");
    expect_ok("ENABLE Domain domainLocation /srv/net");
    EXPECT_TRUE(directory->domain("example.net")->enabled);
    expect_ok("CREATE Domain name example.com domainLocation /srv/net postmasterPassword pw");
    expect_error("COMMIT");  // it is taken
    expect_ok("BACK");
    expect_ok("DELETE Domain domainLocation /srv/net dontKeepCopy");
    EXPECT_FALSE(directory->domain("example.net"));
}

TEST_F(ShellTest, CreatesADomainAndAnAccountAsTheSpecificationDoes) {
    login();
    context->location_at = [](const std::string&, std::uint32_t,
                              std::uint64_t) -> mailstore::Result<std::uint16_t> { return std::uint16_t{0}; };
    expect_ok(
        "CREATE Domain name example.net domainLocation /var/opt/axigen/domains/example.net "
        "postmasterPassword \"p m\"",
        "<domain-create#> ");
    expect_ok("SET groupwareSupport yes");
    expect_ok("ADD MessagesLocation /var/opt/axigen/domains/example.net/messages");
    say("COMMIT");
    EXPECT_EQ(last.text, "+OK: committing changes and switching back to previous context\r\n<#> ");
    expect_ok("UPDATE Domain name example.net", "<domain#> ");
    expect_ok("ADD Account name \"john\" password \"s3cret\"", "<domain-account#> ");
    expect_ok("CONFIG Quotas", "<domain-account-quotas#> ");
    expect_ok("SET totalMessageSize 102400");
    expect_ok("DONE", "<domain-account#> ");
    expect_ok("CONFIG ContactInfo", "<domain-account-contactInfo#> ");
    expect_ok("SET firstName \"John\" company \"Ex Ample\"");
    expect_ok("DONE");
    EXPECT_FALSE(directory->account(*mime::parse_addr_spec("john@example.net")));
    expect_ok("COMMIT", "<domain#> ");
    auto account = directory->account(*mime::parse_addr_spec("john@example.net"));
    ASSERT_TRUE(account);
    EXPECT_EQ((*account)->first_name, "John");
    EXPECT_EQ((*directory->effective((*account)->id))->total_message_size_kb, 102400u);
    EXPECT_EQ(*directory->contact((*account)->id), (directory::ExplicitValues{{"company", "Ex Ample"}}));
    EXPECT_EQ(slice("LIST Accounts", 5, 3), (Lines{"john", "postmaster"}));
    EXPECT_EQ(slice("SHOW ATTR catchAllType", 0, 2), Lines{"catchAllType = disabled"});
    expect_error("UPDATE Account name nobody");
    EXPECT_EQ(slice("SHOW Account john ATTR name", 0, 2), Lines{"name = \"john\""});
    expect_ok("COMMIT", "<#> ");
    expect_ok("SAVE CONFIG");
    EXPECT_EQ(live.saved, 1);
}

TEST_F(ShellTest, WhatClientsSliceIsWhereTheySliceIt) {
    login();
    script({"UPDATE Domain example.org", "ADD Account john password s3cret", "ADD Alias jack", "COMMIT",
            "ADD Group team", "ADD Address john@example.org", "COMMIT"});
    EXPECT_EQ(slice("LIST Groups", 5, 3), Lines{"team"});
    EXPECT_EQ(slice("LIST Accounts x*", 5, 3), Lines{});
    EXPECT_EQ(slice("SHOW Account john", 2, 2),
              (Lines{"name = \"john\"", "mustChangePass = no", "enable = yes", "accountType = basic",
                     "accountClassName = \"\"", "customerReference = \"\"", "publishContactInfo = no",
                     "filteringOption = moveToFilteredEmail"}));
    expect_ok("UPDATE Account john");
    EXPECT_EQ(slice("SHOW", 2, 3).front(), "name = \"john\"");
    EXPECT_EQ(slice("SHOW", 2, 3).back(), "filteringOption = moveToFilteredEmail");
    EXPECT_EQ(slice("LIST Aliases", 2, 3), Lines{"jack"});
    EXPECT_EQ(slice("LIST MEMBERSHIP", 2, 3), Lines{"team@example.org"});
    EXPECT_EQ(slice("SHOW RegistryInformation", 2, 3)[0].substr(0, 14), "Internal ID = ");
    EXPECT_EQ(slice("SHOW ContactInfo", 2, 3)[0], "firstName = \"\"");
    script({"BACK", "UPDATE Group team"});
    EXPECT_EQ(slice("LIST Addresses", 2, 3), Lines{"john@example.org"});
    script({"BACK", "BACK", "CONFIG SERVER"});
    auto rows = slice("SHOW StorageInformation", 1, 2);
    EXPECT_TRUE(rows.back().starts_with("Total"));
}

TEST_F(ShellTest, ThePostmasterCanBeSomebodyElseAndThePostmasterAgain) {
    login();
    script({"UPDATE Domain example.org", "ADD Account john password s3cret", "COMMIT",
            "SET postmasterAccount john", "COMMIT", "UPDATE Domain example.org"});
    EXPECT_EQ(slice("SHOW postmasterAccount", 0, 2), Lines{"postmasterAccount = \"john\""});
    script({"RESET postmasterAccount", "COMMIT", "UPDATE Domain example.org"});
    EXPECT_EQ(slice("SHOW postmasterAccount", 0, 2), Lines{"postmasterAccount = \"postmaster\""});
    expect_error("RESET services");
}

TEST_F(ShellTest, ADomainsMailIsCheckedAndMended) {
    login();
    script({"UPDATE Domain example.org", "ADD Account john password s3cret", "COMMIT"});
    EXPECT_TRUE(slice("SCAN ALL", 2, 3).empty());
    EXPECT_TRUE(slice("REPAIR Accounts john", 2, 3).empty());
    EXPECT_NE(expect_error("REPAIR Accounts john nobody").find("nobody"), std::string::npos);
    expect_ok("COMPACT All forced");
}

TEST_F(ShellTest, BackForgetsAndResetReloads) {
    login();
    script({"UPDATE Domain example.org", "ADD Account john password s3cret", "SET customerReference 42",
            "BACK"});
    EXPECT_FALSE(directory->account(*mime::parse_addr_spec("john@example.org")));
    script({"ADD Account john password s3cret", "COMMIT", "UPDATE Account john", "SET customerReference 42"});
    EXPECT_EQ(slice("SHOW ATTR customerReference", 0, 2), Lines{"customerReference = \"42\""});
    expect_ok("RESET");
    EXPECT_EQ(slice("SHOW ATTR customerReference", 0, 2), Lines{"customerReference = \"\""});
}

TEST_F(ShellTest, DoneIsNotWrittenBeforeCommit) {
    login();
    script({"UPDATE Domain example.org", "CONFIG accountDefaultQuotas", "SET mboxCount 7", "DONE"});
    EXPECT_EQ((*directory->effective(directory->domain("example.org")->id))->mbox_count, 0u);
    expect_ok("COMMIT");
    EXPECT_EQ((*directory->effective(directory->domain("example.org")->id))->mbox_count, 7u);
}

TEST_F(ShellTest, AValueIsInheritedUntilItIsExplicitAndAgainAfterReset) {
    login();
    script({"UPDATE Domain example.org", "ADD accountClass big", "CONFIG Quotas", "SET mboxCount 50", "DONE",
            "COMMIT", "ADD Account john password s3cret", "INHERIT SETTINGS FROM accountClass big",
            "CONFIG Quotas"});
    EXPECT_EQ(slice("SHOW ATTR mboxCount", 0, 2), Lines{"mboxCount = 50"});
    script({"SET mboxCount 60", "DONE", "COMMIT", "UPDATE Account john", "CONFIG Quotas"});
    EXPECT_EQ(slice("SHOW ATTR mboxCount", 0, 2), Lines{"mboxCount = 60"});
    expect_ok("RESET mboxCount");
    EXPECT_EQ(slice("SHOW ATTR mboxCount", 0, 2), Lines{"mboxCount = 50"});
    script({"DONE", "COMMIT"});
    auto id = (*directory->account(*mime::parse_addr_spec("john@example.org")))->id;
    EXPECT_TRUE(directory->explicit_values(directory::SettingsLevel::account(id))->empty());
}

TEST_F(ShellTest, AValueOutOfItsRangeIsRefusedWithWhatIsAllowed) {
    login();
    script({"UPDATE Domain example.org", "CONFIG accountDefaultLimits"});
    EXPECT_NE(expect_error("SET imapConnectionCount 5000").find("allowed: 1 to 999"), std::string::npos);
    expect_error("SET imapConnectionCount 10 pop3ConnectionCount none");
    EXPECT_EQ(slice("SHOW ATTR imapConnectionCount", 0, 2), Lines{"imapConnectionCount = 16"});
}

TEST_F(ShellTest, RenamesAndAliasesAndPasswordsOfAnAccount) {
    login();
    script({"UPDATE Domain example.org", "ADD Account john password s3cret", "COMMIT", "UPDATE Account john",
            "SET name jack password other1", "ADD Alias j", "COMMIT"});
    EXPECT_TRUE(directory->account(*mime::parse_addr_spec("j@example.org")));
    auth::Context from;
    from.peer_ip = "127.0.0.1";
    EXPECT_TRUE(authenticator->authenticate_plain(from, "jack@example.org", "other1").ok());
    script({"UPDATE Account jack", "REMOVE Alias j", "COMMIT", "REMOVE Account jack"});
    expect_error("REMOVE Account jack");
    expect_error("REMOVE Account postmaster");
}

TEST_F(ShellTest, GroupsForwardersAndFolderRecipients) {
    login();
    script({"UPDATE Domain example.org", "ADD Forwarder out", "ADD Address x@example.net",
            "ADD Address y@example.net", "COMMIT"});
    EXPECT_EQ(slice("LIST Forwarders", 5, 3), Lines{"out"});
    script({"UPDATE Forwarder out", "REMOVE Address x@example.net", "SET enable no name away", "COMMIT",
            "UPDATE Forwarder away"});
    EXPECT_EQ(slice("LIST Addresses", 2, 3), Lines{"y@example.net"});
    EXPECT_EQ(slice("SHOW ATTR enable", 0, 2), Lines{"enable = no"});
    script({"BACK", "REMOVE Forwarder away", "CONFIG PUBLIC-FOLDER", "ADD Mbox news type mail", "COMMIT",
            "ADD FolderRcpt news", "SET mboxName news domainSendMailAs yes", "COMMIT"});
    EXPECT_EQ(slice("SHOW FolderRcpt news ATTR mboxName", 0, 2), Lines{"mboxName = \"news\""});
    EXPECT_EQ(slice("SHOW FolderRcpt news ATTR domainSendMailAs", 0, 2), Lines{"domainSendMailAs = yes"});
    EXPECT_EQ(slice("LIST FolderRcpts", 5, 3), Lines{"news"});
    expect_error("UPDATE Group news");
}

TEST_F(ShellTest, PublicFoldersHaveANameAndQuotas) {
    login();
    script({"UPDATE Domain example.org", "CONFIG PUBLIC-FOLDER", "SET name Shared", "CONFIG QUOTAS",
            "SET totalMessageCount 7 messageSize 20", "DONE", "ADD Mbox plans type events", "COMMIT"});
    EXPECT_EQ(sharing->public_root(directory->domain("example.org")->id), "Shared");
    const auto limits = sharing->public_limits(directory->domain("example.org")->public_account);
    EXPECT_EQ(limits.messages, 7u);
    EXPECT_EQ(limits.folder_bytes, 20'480u);
    script({"CONFIG PUBLIC-FOLDER"});
    EXPECT_EQ(slice("SHOW ATTR name", 0, 2), Lines{"name = \"Shared\""});
    script({"CONFIG QUOTAS"});
    EXPECT_EQ(slice("SHOW ATTR totalMessageCount", 0, 2), Lines{"totalMessageCount = 7"});
}

TEST_F(ShellTest, DelegatesGetRightsOnCalendarAndTasks) {
    login();
    script({"UPDATE Domain example.org", "ADD Account ann password s3cret", "COMMIT",
            "ADD Account john password s3cret", "COMMIT", "UPDATE Account ann"});
    expect_error("ADD Delegate zoe resource calendar permissions r");
    expect_error("ADD Delegate john resource mail permissions r");
    expect_error("ADD Delegate john resource calendar permissions x");
    script({"ADD Delegate john resource calendar permissions rw",
            "ADD Delegate john resource freebusy permissions r", "COMMIT", "UPDATE Account ann"});
    EXPECT_EQ(slice("LIST Delegates", 5, 3).size(), 2u);
    const auto ann = directory->account({"ann", "example.org"}).value();
    const auto john = directory->account({"john", "example.org"}).value();
    const FolderId calendar = store->account(ann->id).value()->folder("Calendar")->id;
    EXPECT_EQ(rights::letters(sharing->rights(*john, sharing->owner_of(*ann), calendar).value()), "lrwipted");
    script({"ADD Delegate john resource calendar permissions r", "COMMIT", "UPDATE Account ann"});
    EXPECT_EQ(rights::letters(sharing->rights(*john, sharing->owner_of(*ann), calendar).value()), "lr");
    script({"REMOVE Delegate john", "COMMIT", "UPDATE Account ann"});
    EXPECT_EQ(slice("LIST Delegates", 5, 3).size(), 0u);
}

TEST_F(ShellTest, DeletingADomainKeepsACopyUnlessToldOtherwise) {
    login();
    script({"UPDATE Domain example.org", "ADD Account john password s3cret", "COMMIT", "COMMIT",
            "DELETE Domain name example.org"});
    EXPECT_EQ(directory->domain("example.org"), nullptr);
    auto rest = directory->domains();
    ASSERT_EQ(rest.size(), 1u);
    EXPECT_FALSE(rest[0]->enabled);
    EXPECT_EQ(slice("LIST Domains", 5, 3), Lines{});
    EXPECT_EQ(slice("LIST AllDomains", 5, 3).size(), 1u);
    expect_ok("DELETE Domain name " + rest[0]->name + " dontKeepCopy");
    EXPECT_TRUE(directory->domains().empty());
}

TEST_F(ShellTest, SearchFindsByNameAndId) {
    login();
    script({"UPDATE Domain example.org", "ADD Account john password s3cret", "COMMIT", "COMMIT"});
    auto found = slice("SEARCH Object john@example.org", 5, 3);
    ASSERT_EQ(found.size(), 1u);
    std::string id = found[0].substr(found[0].rfind("0x"));
    EXPECT_EQ(slice("SEARCH Object " + id + "@example.org", 5, 3), found);
    EXPECT_EQ(slice("SEARCH Object john+INBOX", 5, 3).size(), 1u);
    EXPECT_EQ(slice("SEARCH Object @example.org", 5, 3).size(), 1u);
    expect_error("SEARCH Object nobody");
}

TEST_F(ShellTest, AListenerWithTlsAsTheSpecificationAddsIt) {
    login();
    script({"CONFIG SERVER", "CONFIG CLI"});
    EXPECT_EQ(prompt(), "<server-cli#> ");
    expect_ok("ADD Listener address 127.0.0.1:7001", "<server-cli-listener#> ");
    expect_ok("SET sslEnable yes");
    expect_ok("CONFIG SSLCONTROL", "<server-cli-listener-sslControl#> ");
    expect_ok("SET certFile /etc/ssl/mail.pem allowedVersions (tls1_2)");
    expect_ok("DONE");
    EXPECT_EQ(live.applied, 0);
    expect_ok("COMMIT", "<server-cli#> ");
    EXPECT_EQ(live.applied, 1);
    ASSERT_EQ(live.configured.cli.listeners.size(), 2u);
    EXPECT_TRUE(live.configured.cli.listeners[1].ssl_enable);
    EXPECT_EQ(live.configured.cli.listeners[1].ssl.cert_file, "/etc/ssl/mail.pem");
    EXPECT_EQ(slice("LIST Listeners", 5, 3).size(), 2u);
    EXPECT_EQ(slice("SHOW Listener 127.0.0.1:7001 ATTR sslEnable", 0, 2), Lines{"sslEnable = yes"});
    expect_ok("REMOVE Listener 127.0.0.1:7000");
    EXPECT_EQ(slice("LIST Listeners", 5, 3).size(), 1u);
    EXPECT_EQ(live.configured.cli.listeners.size(), 2u);
    expect_ok("COMMIT");
    ASSERT_EQ(live.configured.cli.listeners.size(), 1u);
    EXPECT_EQ(live.configured.cli.listeners[0].ssl.cert_file, "/etc/ssl/mail.pem");
    expect_ok("COMMIT", "<#> ");
}

TEST_F(ShellTest, RulesOfAccessControl) {
    login();
    script({"CONFIG SERVER", "CONFIG CLI", "CONFIG AccessControl",
            "ADD DenyRule ipSet 10.0.0.0/8 enable yes priority 7", "DONE", "ADD AllowRule 192.0.2.0/24",
            "SET enable yes maxConnections 3", "DONE", "DONE", "COMMIT"});
    ASSERT_EQ(live.configured.cli.service.access.rules.deny.size(), 1u);
    EXPECT_EQ(live.configured.cli.service.access.rules.deny[0].priority, 7u);
    EXPECT_EQ(live.configured.cli.service.access.rules.allow[0].limits.max_connections, 3u);
}

TEST_F(ShellTest, TwoSessionsDoNotUndoEachOther) {
    login();
    script({"CONFIG SERVER", "SET primaryDomain example.org"});
    auto first = std::move(shell);
    login();
    script({"CONFIG SERVER", "CONFIG CLI", "SET maxAuthCommands 33", "COMMIT"});
    shell = std::move(first);
    expect_ok("COMMIT");
    EXPECT_EQ(live.configured.cli.max_auth_commands, 33u);
    EXPECT_EQ(live.configured.server.primary_domain, "example.org");
}

TEST_F(ShellTest, ARefusedCommitLeavesTheContextOpen) {
    login();
    script({"CONFIG SERVER", "SET primaryDomain example.org"});
    live.refuse = "the port is taken";
    EXPECT_EQ(expect_error("COMMIT"), "-ERR: the port is taken");
    EXPECT_EQ(prompt(), "<server#> ");
    live.refuse.clear();
    expect_ok("COMMIT", "<#> ");
}

TEST_F(ShellTest, WhatIsNotBuiltSaysSoAndIsNotInHelp) {
    login();
    for (const char* line : {"ENTER TRACER", "SHOW LicenseInfo"})
        EXPECT_NE(expect_error(line).find("not in this release"), std::string::npos) << line;
    say("HELP");
    EXPECT_EQ(last.text.find("TRACER"), std::string::npos);
    script({"UPDATE Domain example.org", "ADD Account a password b"});
    EXPECT_NE(expect_error("CONFIG WebmailData").find("web mail"), std::string::npos);
    EXPECT_NE(expect_error("SET accountType premium").find("not in this release"), std::string::npos);
}

TEST_F(ShellTest, WhatHasNoUseHereSaysWhatToUseInstead) {
    login();
    const auto refused = [&](const char* line, const char* instead) {
        const std::string said = expect_error(line);
        EXPECT_NE(said.find("has no use here"), std::string::npos) << said;
        EXPECT_NE(said.find(instead), std::string::npos) << said;
    };
    script({"ENTER QUEUE"});
    refused("ENABLE PROCESSING DEBUG", "logLevel");
    refused("CONTINUE PROCESSING DEBUG", "RETRY");
    script({"BACK", "UPDATE Domain example.org"});
    refused("COMPACT Storage usid 0x12 forced", "COMPACT All");
    refused("SCAN Storage usid 0x12 usid 0x13 verbose", "SCAN ALL");
    refused("MIGRATE account a remoteHost h remotePort 143 remoteUser u remotePass p", "postrider import");
    refused("MIGRATE LIST", "postrider import");
    refused("RECOVER accounts dryrun", "REPAIR Accounts");
    script({"ADD Account a password b", "CONFIG Limits"});
    refused("SET passExpirationInterval 30", "SET enable no");
}

TEST_F(ShellTest, AnAccountSaysWhatBecomesOfUnwantedMail) {
    login();
    script({"UPDATE Domain example.org", "ADD Account a password b", "SET filteringOption discard"});
    expect_error("SET filteringOption maybe");
    expect_ok("COMMIT");
    EXPECT_EQ((*directory->effective(id_of("a@example.org")))->filtering_option,
              settings::FilteringOption::discard);
    EXPECT_EQ(slice("SHOW Account a ATTR filteringOption", 0, 2), Lines{"filteringOption = discard"});
}

TEST_F(ShellTest, NotesOfSeveralLinesAreDotStuffed) {
    login();
    script({"SET multilineEOF END", "UPDATE Domain example.org", "ADD Account a password b",
            "CONFIG ContactInfo"});
    EXPECT_EQ(say("ESET contactNotes").substr(0, 5), "+OK: ");
    EXPECT_TRUE(last.text.ends_with("\r\n"));  // no prompt
    EXPECT_EQ(say("one"), "");
    EXPECT_EQ(say("..two"), "");
    say("END");
    EXPECT_EQ(last.text, "+OK: command successful\r\n<domain-account-contactInfo#> ");
    EXPECT_EQ(slice("SHOW contactNotes", 0, 2), (Lines{"one", ".two"}));
}

TEST_F(ShellTest, TheQueueIsListedFilteredAndChanged) {
    auto id = queue::to_string(hold("bob@example.net"));
    hold("carl@example.com");
    login();
    expect_ok("ENTER QUEUE", "<queue#> ");
    EXPECT_EQ(slice("LIST", 5, 3).size(), 2u);
    EXPECT_EQ(slice("LIST FILTER recipient=bob status=held", 5, 3).size(), 1u);
    EXPECT_EQ(slice("LIST ID " + id, 2, 3)[0], "id = " + id);
    expect_ok("RETRY lastFilter");
    EXPECT_EQ(wakes, 1);
    expect_ok("DELETE " + id);
    EXPECT_EQ(slice("LIST FILTER retries=0", 5, 3).size(), 1u);
    expect_error("DELETE 0F12BE");
    expect_error("DELETE nonsense");
    expect_error("LIST FILTER colour=red");
    expect_ok("FORCE QUEUE");
}

TEST_F(ShellTest, WhatFiltersHaveQuarantinedIsDeliveredOrDeleted) {
    hold("carl@example.com");
    const auto bob = queue::to_string(quarantine("bob@example.net", "AV:ClamAV: Eicar FOUND"));
    const auto eve = queue::to_string(quarantine("eve@example.net", "AV:SpamAssassin: Spam: True ; 9 / 5"));
    login();
    expect_ok("ENTER QUEUE", "<queue#> ");
    EXPECT_EQ(slice("LIST", 5, 3).size(), 3u);
    expect_ok("ENTER QUARANTINE", "<queue-quarantine#> ");
    EXPECT_EQ(slice("LIST", 5, 3).size(), 2u);
    EXPECT_EQ(slice("LIST FILTER message=Eicar", 5, 3).size(), 1u);
    EXPECT_EQ(slice("LIST ID " + bob, 2, 3)[0], "id = " + bob);
    expect_ok("DELIVER lastFilter");
    EXPECT_EQ(wakes, 1);
    EXPECT_EQ(slice("LIST", 5, 3).size(), 1u);
    expect_error("LIST ID " + bob);
    expect_ok("DELETE " + eve);
    expect_error("DELIVER 0F12BE");
    expect_ok("BACK", "<queue#> ");
    EXPECT_EQ(slice("LIST", 5, 3).size(), 2u);
}

TEST_F(ShellTest, PasswordsOfAdministrators) {
    login();
    expect_error("CHANGE password oldPassword wrong newPassword x1");
    expect_ok("CHANGE password oldPassword secret newPassword \"new one\"");
    login("admin", "new one");
    expect_ok("SET admin-password secret");
    login();
}

TEST_F(ShellTest, BlackAndWhitelistsWaitForTheirCommit) {
    login();
    script({"CONFIG SERVER", "CONFIG FILTERS", "ADD Blacklist *@bad.example", "ADD Blacklist Eve@example.com",
            "REMOVE Blacklist bad.example", "ADD Whitelist friend@example.com"});
    EXPECT_THAT(expect_error("ADD Blacklist eve@example.com"), ::testing::HasSubstr("already"));
    expect_error("ADD Blacklist \"a b\"");
    expect_error("REMOVE Blacklist nobody.example");
    say("LIST Blacklist");
    EXPECT_THAT(last.text, ::testing::HasSubstr("eve@example.com"));
    EXPECT_TRUE(
        context->anti_spam->lists().list(filter::ListOwner::server(), filter::ListColour::black)->empty());
    expect_ok("COMMIT", "<server#> ");
    EXPECT_EQ(
        context->anti_spam->lists().list(filter::ListOwner::server(), filter::ListColour::black)->size(), 1U);
    script({"CONFIG FILTERS", "RESET Blacklist", "COMMIT", "BACK"});
    EXPECT_TRUE(
        context->anti_spam->lists().list(filter::ListOwner::server(), filter::ListColour::black)->empty());

    script({"UPDATE Domain name example.org", "CONFIG FILTERS", "ADD Blacklist spam.example", "COMMIT",
            "ADD Account name ann password s3cret", "CONFIG Filters", "ADD Whitelist friend@example.com",
            "DONE", "COMMIT"});
    const AccountId ann = id_of("ann@example.org");
    EXPECT_EQ(
        context->anti_spam->lists().list(filter::ListOwner::account(ann), filter::ListColour::white)->size(),
        1U);
}

TEST_F(ShellTest, SaysWhatWaitsInTheQueue) {
    hold("far@elsewhere.example");
    login();
    script({"CONFIG SERVER", "CONFIG PROCESSING"});
    say("SHOW Statistics");
    EXPECT_NE(last.text.find("Messages in queue = 1\r\n"), std::string::npos) << last.text;
    EXPECT_NE(last.text.find("Messages Held = 1\r\n"), std::string::npos) << last.text;
    EXPECT_NE(last.text.find("Recipients waiting = 1\r\n"), std::string::npos) << last.text;
}

TEST_F(ShellTest, GivesADomainItsOwnAddress) {
    login();
    script({"UPDATE Domain example.org", "SET assignedIp 192.0.2.7", "COMMIT", "UPDATE Domain example.org"});
    EXPECT_EQ(slice("SHOW ATTR assignedIp", 0, 2), Lines{"assignedIp = \"192.0.2.7\""});
    expect_ok("SET assignedIp nonsense");
    expect_error("COMMIT");
}

TEST_F(ShellTest, ChangesSetsWhoseElementsHaveNoName) {
    login();
    script({"CONFIG SERVER", "CONFIG PROCESSING"});
    expect_ok("ADD SizeRule sender a maxSize 1", "<server-processing-sizeRule#> ");
    expect_ok("DONE");
    script({"ADD SizeRule sender b", "SET maxSize 2", "DONE", "ADD SizeRule sender c", "DONE"});
    expect_error("ADD SizeRule sender d");
    EXPECT_EQ(slice("LIST SizeRules", 5, 3).size(), 3u);
    expect_ok("REMOVE SizeRule 1");
    script({"UPDATE SizeRule number 2", "SET maxSize 3", "DONE"});
    expect_error("UPDATE SizeRule 3");
    EXPECT_EQ(slice("SHOW SizeRule 1 ATTR sender", 0, 2), Lines{"sender = \"b\""});
    expect_ok("COMMIT");
    ASSERT_EQ(live.configured.processing.rules.size(), 2u);
    EXPECT_EQ(live.configured.processing.rules[0].size, 2u);
    EXPECT_EQ(live.configured.processing.rules[1].sender, "c");
    EXPECT_EQ(live.configured.processing.rules[1].size, 3u);
}

TEST_F(ShellTest, AFolderHasAQuotaOfItsOwn) {
    login();
    script({"UPDATE Domain example.org", "ADD Account john password x1"});
    expect_ok("CONFIG Quotas");
    EXPECT_NE(expect_error("LIST Mboxes").find("COMMIT"), std::string::npos) << "it has no folders yet";
    script({"DONE", "COMMIT", "UPDATE Account john", "CONFIG Quotas", "SET messageCount 500"});
    expect_error("SET MboxQuota mboxName nowhere messageCount 1 messageSize 1");
    expect_error("SET MboxQuota mboxName INBOX messageCount many messageSize 1");
    expect_ok("SET MboxQuota mboxName INBOX messageCount 20 messageSize 1024");
    const std::vector<std::string> shown{"messageCount=20", "messageSize=1024"};
    EXPECT_EQ(slice("SHOW MboxQuota mboxName INBOX", 2, 3), shown);
    const auto rows = slice("LIST Mboxes", 5, 3);
    ASSERT_FALSE(rows.empty());
    EXPECT_NE(rows[0].find("| 20 "), std::string::npos) << rows[0];
    const auto kept = [&] { return *live.quotas->of(id_of("john@example.org")); };
    EXPECT_EQ(kept(), directory::FolderQuotas{}) << "not before COMMIT";
    script({"DONE", "CONFIG Quotas"});
    EXPECT_EQ(slice("SHOW MboxQuota mboxName INBOX", 2, 3), shown);
    script({"DONE", "COMMIT", "UPDATE Account john", "CONFIG Quotas"});
    EXPECT_EQ(slice("SHOW MboxQuota mboxName INBOX", 2, 3), shown);
    EXPECT_EQ(slice("SHOW MboxQuota mboxName Trash", 2, 3),
              (std::vector<std::string>{"messageCount=500", "messageSize=0"}))
        << "what holds for each";
    EXPECT_EQ(kept().size(), 1U);
    script({"RESET MboxQuota mboxName INBOX", "DONE", "COMMIT"});
    EXPECT_EQ(kept(), directory::FolderQuotas{});
}

}  // namespace
}  // namespace postrider::cli
