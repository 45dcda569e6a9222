#include <gtest/gtest.h>

#include "imap/session/test_service.h"

// Folders of others and public ones, as IMAP shows them.

namespace postrider::imap {
namespace {

struct Shared : testing::Test {
    Shared() : alice{service}, bob{service} {
        alice.login("alice");
        bob.login("bob");
        alice.ask("CREATE team");
        alice.append("team", "Subject: one\r\n\r\nText\r\n");
    }
    void grant(std::string_view letters, std::string_view mailbox = "team") {
        ASSERT_TRUE(alice.result("SETACL " + std::string{mailbox} + " bob " + std::string{letters})
                        .starts_with("OK"));
    }
    std::string all(TestClient& client, std::string_view command) {
        std::string text;
        for (const std::string& line : client.ask(command))
            if (line.starts_with("*")) text += line + "\n";
        return text;
    }
    rights::Owner publics() {
        return service.sharing->public_owner(*service.directory->domain(service.domain));
    }

    TestService service;
    TestClient alice, bob;
    const std::string there = "\"Other Users/alice/team\"";
};

TEST_F(Shared, AclCommandsAnswerAsInRfc4314) {
    EXPECT_EQ(all(alice, "MYRIGHTS INBOX"), "* MYRIGHTS INBOX lrswipkxteacd\n");
    EXPECT_EQ(all(alice, "GETACL team"), "* ACL team\n");
    grant("lrs");
    EXPECT_EQ(all(alice, "GETACL team"), "* ACL team \"bob@example.org\" lrs\n");
    grant("+cda");
    EXPECT_EQ(all(alice, "GETACL team"), "* ACL team \"bob@example.org\" lrskxteacd\n");
    grant("-c");
    EXPECT_EQ(all(alice, "GETACL team"), "* ACL team \"bob@example.org\" lrstead\n");
    EXPECT_TRUE(alice.result("SETACL team -bob w").starts_with("OK"));
    EXPECT_EQ(all(alice, "GETACL team"), "* ACL team \"bob@example.org\" lrstead \"-bob@example.org\" w\n");
    EXPECT_TRUE(alice.result("SETACL team bob lrQ").starts_with("BAD"));
    EXPECT_TRUE(alice.result("SETACL team bob lrq").starts_with("BAD"));
    EXPECT_TRUE(alice.result("SETACL team nobody lr").starts_with("NO"));
    EXPECT_TRUE(alice.result("SETACL nothing bob lr").starts_with("NO [NONEXISTENT]"));
    EXPECT_EQ(all(alice, "LISTRIGHTS team bob"), "* LISTRIGHTS team bob \"\" l r s w ip k x t e a c d\n");
    EXPECT_EQ(all(alice, "LISTRIGHTS team alice"), "* LISTRIGHTS team alice lrswipkxteacd\n");
    EXPECT_TRUE(alice.result("DELETEACL team bob").starts_with("OK"));
    EXPECT_EQ(all(alice, "GETACL team"), "* ACL team \"-bob@example.org\" w\n");
    EXPECT_TRUE(alice.result("DELETEACL team -bob").starts_with("OK"));
    EXPECT_TRUE(alice.result("SETACL team anyone lr").starts_with("OK"));
    EXPECT_EQ(all(alice, "GETACL team"), "* ACL team \"anyone\" lr\n");
    EXPECT_EQ(all(bob, "MYRIGHTS " + there), "* MYRIGHTS " + there + " lr\n");
    EXPECT_TRUE(bob.result("GETACL " + there).starts_with("NO [NOPERM]"));
    EXPECT_TRUE(bob.result("MYRIGHTS \"Other Users/alice/INBOX\"").starts_with("NO [NONEXISTENT]"));
}

TEST_F(Shared, WhatIsSharedStandsBelowItsOwner) {
    EXPECT_EQ(all(bob, "LIST \"\" \"Other*\""), "");
    grant("lr");
    EXPECT_EQ(all(bob, "LIST \"\" \"Other*\""),
              "* LIST (\\Noselect \\HasChildren) \"/\" \"Other Users\"\n"
              "* LIST (\\Noselect \\HasChildren) \"/\" \"Other Users/alice\"\n"
              "* LIST (\\HasNoChildren) \"/\" "
                  + there + "\n");
    EXPECT_NE(all(bob, "LIST \"\" %").find("\"Other Users\"\n"), std::string::npos);
    EXPECT_EQ(all(bob, "LIST \"\" \"Other Users/alice/t%\" RETURN (MYRIGHTS STATUS (MESSAGES UNSEEN))"),
              "* LIST (\\HasNoChildren) \"/\" " + there + "\n* MYRIGHTS " + there + " lr\n* STATUS " + there
                  + " (MESSAGES 1 UNSEEN 1)\n");
    EXPECT_TRUE(bob.result("SUBSCRIBE " + there).starts_with("OK"));
    EXPECT_TRUE(bob.result("SUBSCRIBE \"Other Users/alice/Sent\"").starts_with("NO"));
    EXPECT_EQ(all(bob, "LSUB \"\" \"Other*\""), "* LSUB () \"/\" " + there + "\n");
    EXPECT_NE(all(bob, "LIST (SUBSCRIBED) \"\" *").find("(\\Subscribed \\HasNoChildren) \"/\" " + there),
              std::string::npos);
    EXPECT_EQ(all(alice, "LIST \"\" \"Other*\""), "");
    EXPECT_EQ(all(bob, "STATUS " + there + " (MESSAGES)"), "* STATUS " + there + " (MESSAGES 1)\n");
}

TEST_F(Shared, AReaderReadsForHimself) {
    grant("lr");
    const std::string said = all(bob, "SELECT " + there);
    EXPECT_NE(said.find("[PERMANENTFLAGS (\\Seen)]"), std::string::npos) << said;
    EXPECT_NE(said.find("[UNSEEN 1]"), std::string::npos);
    EXPECT_TRUE(bob.result("SELECT " + there).starts_with("OK [READ-ONLY]"));
    EXPECT_NE(all(bob, "FETCH 1 (BODY[TEXT] FLAGS)").find("\\Seen"), std::string::npos);
    EXPECT_EQ(all(bob, "SEARCH UNSEEN"), "* SEARCH\n");
    EXPECT_EQ(all(bob, "STATUS " + there + " (UNSEEN)"), "* STATUS " + there + " (UNSEEN 0)\n");
    EXPECT_EQ(all(alice, "STATUS team (UNSEEN)"), "* STATUS team (UNSEEN 1)\n");
    EXPECT_TRUE(bob.result("STORE 1 +FLAGS (\\Flagged)").starts_with("NO [NOPERM]"));
    EXPECT_TRUE(bob.result("STORE 1 -FLAGS (\\Seen)").starts_with("OK"));
    EXPECT_EQ(all(bob, "SEARCH UNSEEN"), "* SEARCH 1\n");
    EXPECT_TRUE(bob.result("EXPUNGE").starts_with("NO [NOPERM]"));
    EXPECT_TRUE(bob.result("CLOSE").starts_with("OK"));
}

TEST_F(Shared, SessionsOfTwoPeopleSeeEachOthersChanges) {
    grant("lrswite");
    EXPECT_TRUE(bob.result("SELECT " + there).starts_with("OK [READ-WRITE]"));
    alice.ask("SELECT team");
    EXPECT_TRUE(bob.result("STORE 1 +FLAGS (\\Flagged \\Seen)").starts_with("OK"));
    EXPECT_NE(all(alice, "NOOP").find("FLAGS (\\Flagged \\Seen"), std::string::npos);
    bob.append(there, "Subject: two\r\n\r\nText\r\n");
    EXPECT_NE(all(alice, "NOOP").find("* 2 EXISTS"), std::string::npos);
    bob.say("i IDLE\r\n");
    EXPECT_EQ(bob.reply(), "+ idling");
    alice.ask("STORE 2 +FLAGS (\\Answered)");
    EXPECT_NE(bob.reply().find("* 2 FETCH"), std::string::npos);
    alice.ask("STORE 1 +FLAGS (\\Deleted)");
    (void)bob.reply();
    alice.ask("EXPUNGE");
    EXPECT_EQ(bob.reply(), "* 1 EXPUNGE");
    bob.say("DONE\r\n");
    bob.until("i");
}

TEST_F(Shared, ARightThatIsTakenAwayEndsWhatTheSessionMayDo) {
    grant("lrw");
    bob.ask("SELECT " + there);
    EXPECT_TRUE(bob.result("STORE 1 +FLAGS (\\Flagged)").starts_with("OK"));
    grant("lr");
    EXPECT_TRUE(bob.result("STORE 1 -FLAGS (\\Flagged)").starts_with("NO [NOPERM]"));
    EXPECT_TRUE(alice.result("DELETEACL team bob").starts_with("OK"));
    EXPECT_TRUE(bob.result("FETCH 1 BODY[]").starts_with("NO"));
    EXPECT_NE(all(bob, "NOOP").find("* 1 EXPUNGE"), std::string::npos);
    EXPECT_TRUE(bob.result("SELECT " + there).starts_with("NO [NONEXISTENT]"));
    EXPECT_TRUE(bob.result("SELECT INBOX").starts_with("OK"));
}

TEST_F(Shared, MessagesCrossBetweenPeople) {
    grant("lrite");
    bob.ask("SELECT " + there);
    EXPECT_TRUE(bob.result("COPY 1 INBOX").starts_with("OK [COPYUID"));
    EXPECT_TRUE(bob.result("COPY 1 " + there).starts_with("OK [COPYUID"));
    const auto moved = bob.ask("MOVE 1 INBOX");
    EXPECT_TRUE(moved.front().starts_with("* OK [COPYUID"));
    EXPECT_EQ(all(bob, "STATUS INBOX (MESSAGES)"), "* STATUS INBOX (MESSAGES 2)\n");
    EXPECT_EQ(all(alice, "STATUS team (MESSAGES)"), "* STATUS team (MESSAGES 1)\n");
    bob.ask("SELECT INBOX");
    EXPECT_TRUE(bob.result("COPY 1:2 " + there).starts_with("OK [COPYUID"));
    EXPECT_TRUE(bob.result("COPY 1 \"Other Users/alice/INBOX\"").starts_with("NO"));
    EXPECT_TRUE(bob.result("REPLACE 1 " + there + " {14+}\r\nSubject: x\r\n\r\n").starts_with("OK"));
    grant("lri");
    bob.ask("SELECT " + there);
    const std::string before = all(alice, "STATUS team (MESSAGES)");
    EXPECT_TRUE(bob.result("REPLACE 1 " + there + " {14+}\r\nSubject: x\r\n\r\n").starts_with("NO [NOPERM]"));
    EXPECT_EQ(all(alice, "STATUS team (MESSAGES)"), before);
}

TEST_F(Shared, FoldersOfOthersAreMadeRenamedAndDeletedByRight) {
    grant("lr");
    EXPECT_TRUE(bob.result("CREATE \"Other Users/alice/team/sub\"").starts_with("NO [NOPERM]"));
    EXPECT_TRUE(bob.result("CREATE \"Other Users/alice/new\"").starts_with("NO"));
    EXPECT_TRUE(bob.result("CREATE \"Other Users/nobody\"").starts_with("NO"));
    EXPECT_TRUE(bob.result("DELETE " + there).starts_with("NO [NOPERM]"));
    grant("lrk");
    EXPECT_TRUE(bob.result("CREATE \"Other Users/alice/team/sub\"").starts_with("OK [MAILBOXID"));
    EXPECT_TRUE(bob.result("RENAME \"Other Users/alice/team/sub\" mine").starts_with("NO [CANNOT]"));
    EXPECT_TRUE(
        bob.result("RENAME \"Other Users/alice/team/sub\" \"Other Users/alice/team/low\"").starts_with("OK"));
    EXPECT_NE(all(alice, "LIST \"\" team/%").find("team/low"), std::string::npos);
    EXPECT_TRUE(bob.result("DELETE \"Other Users/alice/team/low\"").starts_with("OK"));
    EXPECT_TRUE(bob.result("RENAME Drafts \"Other Users/alice/team/x\"").starts_with("NO [CANNOT]"));
}

/// RFC 4314 §4, CREATE and DELETE.
TEST_F(Shared, ANewFolderHasTheEntriesOfTheOneItIsIn) {
    alice.ask("CREATE team/before");
    grant("lrk");
    EXPECT_TRUE(alice.result("SETACL team -anyone w").starts_with("OK"));
    EXPECT_TRUE(alice.result("CREATE team/new/deep").starts_with("OK"));
    EXPECT_EQ(all(alice, "GETACL team/before"), "* ACL team/before\n");
    const std::string entries = " \"bob@example.org\" lrkc \"-anyone\" w\n";
    EXPECT_EQ(all(alice, "GETACL team/new"), "* ACL team/new" + entries);
    EXPECT_EQ(all(alice, "GETACL team/new/deep"), "* ACL team/new/deep" + entries);
    EXPECT_TRUE(bob.result("CREATE \"Other Users/alice/team/his\"").starts_with("OK"));
    EXPECT_EQ(all(alice, "GETACL team/his"),
              "* ACL team/his \"bob@example.org\" lrswipkxteacd \"-anyone\" w\n");
    // They are the new folder's own: there they can be taken away, and stay when they go above.
    EXPECT_TRUE(alice.result("DELETEACL team/new bob").starts_with("OK"));
    EXPECT_TRUE(alice.result("DELETEACL team bob").starts_with("OK"));
    EXPECT_TRUE(bob.result("MYRIGHTS \"Other Users/alice/team/new\"").starts_with("NO"));
    EXPECT_TRUE(bob.result("MYRIGHTS \"Other Users/alice/team/new/deep\"").starts_with("OK"));
}

TEST_F(Shared, EntriesGoWithAFolderWhoseNameStays) {
    alice.ask("CREATE team/inner");
    grant("lr");
    EXPECT_TRUE(alice.result("DELETE team").starts_with("OK"));
    EXPECT_TRUE(bob.result("MYRIGHTS " + there).starts_with("NO [NONEXISTENT]"));
    EXPECT_TRUE(alice.result("CREATE team").starts_with("OK"));
    EXPECT_EQ(all(alice, "GETACL team"), "* ACL team\n");
    EXPECT_TRUE(bob.result("SELECT " + there).starts_with("NO [NONEXISTENT]"));
    alice.ask("CREATE upper/kept");
    grant("lr", "upper");
    alice.ask("DELETE upper/kept");
    EXPECT_TRUE(alice.result("CREATE upper/kept").starts_with("OK"));
    EXPECT_EQ(all(alice, "GETACL upper/kept"), "* ACL upper/kept \"bob@example.org\" lr\n");
}

TEST_F(Shared, PublicFoldersAreSeenByWhoMayLookThemUp) {
    EXPECT_EQ(all(bob, "LIST \"\" Public*"), "");
    auto store = service.sharing->open(publics()).value();
    FolderId box = store->create_folder("News").value().id;
    EXPECT_EQ(all(bob, "LIST \"\" Public*"),
              "* LIST (\\Noselect \\HasChildren) \"/\" \"Public Folders\"\n"
              "* LIST (\\HasNoChildren) \"/\" \"Public Folders/News\"\n");
    EXPECT_TRUE(bob.result("SELECT \"Public Folders/News\"").starts_with("NO [NOPERM]"));
    rights::Entry entry{rights::Principal::everyone(service.domain),
                        rights::grant_of(rights::Level::contributor).allow,
                        {},
                        true};
    ASSERT_TRUE(service.sharing->put(publics(), box, entry));
    bob.append("\"Public Folders/News\"", "Subject: hello\r\n\r\nText\r\n", "(\\Flagged)");
    alice.ask("SELECT \"Public Folders/News\"");
    EXPECT_EQ(all(alice, "FETCH 1 FLAGS"), "* 1 FETCH (FLAGS (\\Recent))\n");
    EXPECT_NE(all(alice, "NAMESPACE").find("((\"Public Folders/\" \"/\"))"), std::string::npos);
}

TEST_F(Shared, OthersMailboxesAreSearchedWhenTheyAreNamed) {
    grant("lr");
    EXPECT_EQ(all(bob, "ESEARCH IN (personal) ALL"), "");
    EXPECT_NE(all(bob, "ESEARCH IN (mailboxes " + there + ") ALL").find("MAILBOX " + there),
              std::string::npos);
    EXPECT_NE(all(bob, "ESEARCH IN (subtree \"Other Users\") SUBJECT one").find("ALL 1"), std::string::npos);
    EXPECT_TRUE(bob.result("GETMETADATA " + there + " /shared/comment").starts_with("OK"));
    EXPECT_TRUE(bob.result("SETMETADATA " + there + " (/shared/comment \"x\")").starts_with("NO [NOPERM]"));
    EXPECT_TRUE(bob.result("SETMETADATA " + there + " (/private/comment \"x\")").starts_with("OK"));
    EXPECT_EQ(all(alice, "GETMETADATA team (/private/comment)"), "* METADATA team (/private/comment NIL)\n");
}

}  // namespace
}  // namespace postrider::imap
