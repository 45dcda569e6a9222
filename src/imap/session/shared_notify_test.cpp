#include <gtest/gtest.h>

#include "imap/session/test_service.h"

// What people hear of folders that are not their own without asking (RFC 5465), and URLs of messages there
// (RFC 4467).

namespace postrider::imap {
namespace {

struct SharedNews : testing::Test {
    SharedNews() : alice{service}, bob{service} {
        alice.login("alice");
        bob.login("bob");
        alice.ask("CREATE team");
        alice.ask("CREATE secret");
        alice.append("team", "Subject: one\r\n\r\nText\r\n");
        alice.ask("SETACL team bob lrswikxte");
    }
    std::string all(TestClient& client, std::string_view command) {
        std::string text;
        for (const std::string& line : client.ask(command))
            if (line.starts_with("*")) text += line + "\n";
        return text;
    }
    TestService service;
    TestClient alice, bob;
    const std::string there = "\"Other Users/alice/team\"";
};

TEST_F(SharedNews, MessagesInNamedFoldersOfOthersAreTold) {
    const std::string begun =
        all(bob, "NOTIFY SET STATUS (subtree \"Other Users\" (MessageNew MessageExpunge FlagChange))");
    EXPECT_NE(begun.find("* STATUS " + there + " (MESSAGES 1 UIDNEXT 2"), std::string::npos) << begun;
    alice.append("team", "Subject: two\r\n\r\nText\r\n");
    EXPECT_EQ(bob.reply(), "* STATUS " + there + " (MESSAGES 2 UIDNEXT 3)");
    alice.append("secret", "Subject: not for bob\r\n\r\nText\r\n");
    alice.ask("SELECT team");
    alice.ask("STORE 1 +FLAGS (\\Flagged)");
    EXPECT_NE(bob.reply().find("* STATUS " + there + " (UIDVALIDITY"), std::string::npos);
    // Of his own messages he hears nothing, and others do.
    bob.append(there, "Subject: three\r\n\r\nText\r\n");
    EXPECT_EQ(all(bob, "NOOP"), "");
    EXPECT_NE(all(alice, "NOOP").find("* 3 EXISTS"), std::string::npos);
    alice.ask("STORE 2 +FLAGS.SILENT (\\Deleted)");
    (void)bob.reply();
    alice.ask("EXPUNGE");
    EXPECT_EQ(bob.reply(), "* STATUS " + there + " (MESSAGES 2 UIDNEXT 4)");
}

TEST_F(SharedNews, FoldersOfOthersAreMeantByWhoNamesThem) {
    EXPECT_EQ(all(bob, "NOTIFY SET (personal (MessageNew MessageExpunge))"), "");
    alice.append("team", "Subject: two\r\n\r\nText\r\n");
    EXPECT_EQ(all(bob, "NOOP"), "");
    bob.ask("SUBSCRIBE " + there);
    bob.ask("NOTIFY SET (subscribed (MessageNew MessageExpunge))");
    alice.append("team", "Subject: three\r\n\r\nText\r\n");
    EXPECT_EQ(bob.reply(), "* STATUS " + there + " (MESSAGES 3 UIDNEXT 4)");
}

TEST_F(SharedNews, AnIdlingClientIsWokenAndARightThatIsTakenAwayEndsIt) {
    bob.ask("NOTIFY SET (mailboxes " + there + " (MessageNew MessageExpunge MailboxName))");
    bob.say("i IDLE\r\n");
    EXPECT_EQ(bob.reply(), "+ idling");
    alice.append("team", "Subject: two\r\n\r\nText\r\n");
    EXPECT_EQ(bob.reply(), "* STATUS " + there + " (MESSAGES 2 UIDNEXT 3)");
    alice.ask("DELETEACL team bob");
    EXPECT_EQ(bob.reply(), "* LIST (\\NonExistent \\HasNoChildren) \"/\" " + there);
    alice.append("team", "Subject: three\r\n\r\nText\r\n");
    alice.ask("SETACL team bob lr");
    EXPECT_EQ(bob.reply(), "* LIST (\\HasNoChildren) \"/\" " + there);
    bob.say("DONE\r\n");
    bob.until("i");
}

/// RFC 5465 §5.9.
TEST_F(SharedNews, WhoBeginsToShareLaterIsHeardOf) {
    bob.ask("CREATE plans");
    alice.ask("NOTIFY SET STATUS (subtree \"Other Users\" (MailboxName MessageNew MessageExpunge))");
    alice.say("i IDLE\r\n");
    EXPECT_EQ(alice.reply(), "+ idling");
    bob.ask("SETACL plans alice lr");
    EXPECT_EQ(alice.reply(), "* LIST (\\HasNoChildren) \"/\" \"Other Users/bob/plans\"");
    EXPECT_EQ(alice.reply(), "* LIST (\\NonExistent \\HasChildren) \"/\" \"Other Users/bob\"");
    EXPECT_TRUE(alice.reply().starts_with("* STATUS \"Other Users/bob/plans\" (MESSAGES 0 UIDNEXT 1"));
    bob.append("plans", "Subject: one\r\n\r\nText\r\n");
    EXPECT_EQ(alice.reply(), "* STATUS \"Other Users/bob/plans\" (MESSAGES 1 UIDNEXT 2)");
    alice.say("DONE\r\n");
    EXPECT_EQ(alice.until("i").size(), 1u) << "all has been told";
    // Of what is shared with somebody else nothing is heard.
    ASSERT_TRUE(service.directory->create_group(service.domain, "crew"));
    bob.ask("CREATE more");
    bob.ask("SETACL more crew lr");
    EXPECT_EQ(all(alice, "NOOP"), "");
}

TEST_F(SharedNews, WhoSharesASubscribedFolderLaterIsHeardOf) {
    alice.ask("SETACL secret bob lr");
    bob.ask("SUBSCRIBE \"Other Users/alice/secret\"");
    alice.ask("DELETEACL secret bob");
    alice.ask("DELETEACL team bob");
    bob.ask("NOTIFY SET (subscribed (MessageNew MessageExpunge))");
    alice.append("secret", "Subject: not yet\r\n\r\nText\r\n");
    EXPECT_EQ(all(bob, "NOOP"), "");
    alice.ask("SETACL secret bob lr");
    EXPECT_EQ(all(bob, "NOOP"), "");
    alice.append("secret", "Subject: now\r\n\r\nText\r\n");
    EXPECT_EQ(bob.reply(), "* STATUS \"Other Users/alice/secret\" (MESSAGES 2 UIDNEXT 3)");
}

TEST_F(SharedNews, FoldersThatAGroupSeesAreHeardOfByWhoIsPutIntoIt) {
    AccountId team = service.directory->create_group(service.domain, "crew").value();
    alice.ask("SETACL secret crew lr");
    bob.ask("NOTIFY SET (subtree \"Other Users\" (MailboxName))");
    EXPECT_EQ(all(bob, "NOOP"), "");
    ASSERT_TRUE(service.directory->add_member(team, mime::AddrSpec{"bob", "example.org"}));
    EXPECT_NE(all(bob, "NOOP").find("* LIST (\\HasNoChildren) \"/\" \"Other Users/alice/secret\""),
              std::string::npos);
}

TEST_F(SharedNews, NamesAndAnnotationsOfOthersFoldersAreTold) {
    bob.ask("NOTIFY SET (subtree " + there + " (MailboxName MailboxMetadataChange SubscriptionChange))");
    TestClient again{service};  // who makes a folder may do everything there
    again.login("bob");
    again.ask("CREATE \"Other Users/alice/team/sub\"");
    EXPECT_EQ(bob.reply(), "* LIST (\\HasNoChildren) \"/\" \"Other Users/alice/team/sub\"");
    EXPECT_EQ(bob.reply(), "* LIST (\\HasChildren) \"/\" " + there);
    alice.ask("RENAME team/sub team/low");
    EXPECT_EQ(bob.reply(),
              "* LIST (\\HasNoChildren) \"/\" \"Other Users/alice/team/low\" (\"OLDNAME\" (\"Other "
              "Users/alice/team/sub\"))");
    alice.ask("SETMETADATA team (/shared/comment \"x\")");
    EXPECT_EQ(bob.reply(), "* METADATA " + there + " /shared/comment");
    again.ask("SUBSCRIBE " + there);
    EXPECT_EQ(bob.reply(), "* LIST (\\Subscribed \\HasNoChildren) \"/\" " + there);
}

TEST_F(SharedNews, PublicFoldersAreToldToo) {
    auto owner = service.sharing->public_owner(*service.directory->domain(service.domain));
    auto store = service.sharing->open(owner).value();
    FolderId box = store->create_folder("News").value().id;
    rights::Entry entry{rights::Principal::everyone(service.domain),
                        rights::grant_of(rights::Level::contributor).allow,
                        {},
                        true};
    ASSERT_TRUE(service.sharing->put(owner, box, entry));
    bob.ask("NOTIFY SET (subtree \"Public Folders\" (MessageNew MessageExpunge))");
    alice.append("\"Public Folders/News\"", "Subject: hello\r\n\r\nText\r\n");
    EXPECT_EQ(bob.reply(), "* STATUS \"Public Folders/News\" (MESSAGES 1 UIDNEXT 2)");
}

/// RFC 4467 §7: the URL names who makes it; what it gives is what that one may read.
TEST_F(SharedNews, UrlsOfMessagesInFoldersOfOthers) {
    const std::string rump = "imap://bob%40example.org@example.org/Other%20Users/alice/team/;UID=1;URLAUTH=";
    const std::string made = all(bob, "GENURLAUTH \"" + rump + "user+alice\" INTERNAL");
    ASSERT_TRUE(made.starts_with("* GENURLAUTH \"")) << made;
    const std::string url = made.substr(14, made.rfind('"') - 14);
    EXPECT_NE(all(alice, "URLFETCH \"" + url + "\"").find("Subject: one"), std::string::npos);
    EXPECT_NE(all(bob, "URLFETCH \"" + url + "\"").find(" NIL"), std::string::npos) << "it is for alice";
    // Not for what he may not read, nor in anybody's else name.
    EXPECT_TRUE(
        bob.result("GENURLAUTH \"imap://bob%40example.org@example.org/Other%20Users/alice/secret/;UID=1;"
                   "URLAUTH=anonymous\" INTERNAL")
            .starts_with("BAD"));
    EXPECT_TRUE(
        bob.result("GENURLAUTH \"imap://alice%40example.org@example.org/team/;UID=1;URLAUTH=anonymous\" "
                   "INTERNAL")
            .starts_with("BAD [NOPERM]"));
    alice.ask("SETACL team bob l");
    EXPECT_NE(all(alice, "URLFETCH \"" + url + "\"").find(" NIL"), std::string::npos) << "bob may no longer";
    alice.ask("SETACL team bob lr");
    EXPECT_NE(all(alice, "URLFETCH \"" + url + "\"").find("Subject: one"), std::string::npos);
    EXPECT_TRUE(bob.result("RESETKEY " + there).starts_with("OK"));
    EXPECT_NE(all(alice, "URLFETCH \"" + url + "\"").find(" NIL"), std::string::npos) << "the key is another";
    EXPECT_TRUE(bob.result("GENURLAUTH \"" + rump + "anonymous\" INTERNAL").starts_with("OK"));
    EXPECT_TRUE(bob.result("RESETKEY").starts_with("OK"));
}

/// RFC 4467 §7: what is wrong with the URL itself is BAD.
TEST_F(SharedNews, UrlsThatCannotBeAuthorisedAreBad) {
    auto answer = [&](const std::string& url) { return bob.result("GENURLAUTH \"" + url + "\" INTERNAL"); };
    const std::string own = "imap://bob%40example.org@example.org/";
    EXPECT_EQ(answer(own + "INBOX/;uid=20/;section=1.2"), "BAD That URL does not say who may use it");
    EXPECT_EQ(answer("imap://example.org/INBOX/;uid=20;urlauth=submit+alice"),
              "BAD [NOPERM] That URL is not yours to make");
    EXPECT_EQ(answer(own + "Nowhere/;uid=20;urlauth=submit+alice"),
              "BAD [NONEXISTENT] There is no such mailbox");
    EXPECT_TRUE(answer(own + ";urlauth=anonymous").starts_with("BAD"));
    EXPECT_TRUE(answer(own + "INBOX;urlauth=anonymous").starts_with("BAD"));
    EXPECT_TRUE(answer(own + "INBOX?SUBJECT%20x;urlauth=anonymous").starts_with("BAD"));
    EXPECT_EQ(answer(own + "INBOX/;uid=20;urlauth=user+nobody"), "OK GENURLAUTH completed")
        << "names cannot be found out";
    EXPECT_EQ(bob.result("RESETKEY INBOX"), "OK RESETKEY completed") << "without TLS nothing is told of it";
}

TEST_F(SharedNews, NamesThatLeadToOthersAreNobodysOwn) {
    for (std::string_view name : {"\"Other Users\"", "\"Public Folders\"", "\"Other Users/\""}) {
        EXPECT_TRUE(bob.result("CREATE " + std::string{name}).starts_with("NO [CANNOT]")) << name;
        EXPECT_TRUE(bob.result("RENAME Drafts " + std::string{name}).starts_with("NO [CANNOT]")) << name;
    }
    EXPECT_TRUE(bob.result("CREATE \"Other Users/nobody/x\"").starts_with("NO [CANNOT]"));
    EXPECT_TRUE(bob.result("CREATE \"Other\"").starts_with("OK"));
}

}  // namespace
}  // namespace postrider::imap
