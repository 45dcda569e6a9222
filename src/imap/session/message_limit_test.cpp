#include <gtest/gtest.h>

#include "imap/session/test_service.h"

// RFC 9738.

namespace postrider::imap {
namespace {

struct MessageLimit : testing::Test {
    static ImapSettings limited() {
        ImapSettings settings = TestService::open_settings();
        settings.message_limit = 3;
        return settings;
    }
    MessageLimit() : service{limited()}, client{service} {
        client.login();
        for (int i = 1; i <= 5; ++i) client.append("INBOX", "Subject: m\r\n\r\nText\r\n");
        client.ask("SELECT INBOX");
    }
    std::string all(std::string_view command) {
        std::string text;
        for (const std::string& line : client.ask(command)) text += line.substr(line.find(' ') + 1) + "\n";
        return text;
    }
    TestService service;
    TestClient client;
};

TEST_F(MessageLimit, IsSaidInTheCapabilities) {
    const std::string said = all("CAPABILITY");
    EXPECT_NE(said.find(" MESSAGELIMIT=3"), std::string::npos) << said;
    EXPECT_EQ(said.find("SAVELIMIT"), std::string::npos) << said;
    TestService open;
    TestClient other{open};
    other.login();
    const std::string without = other.ask("CAPABILITY").front();
    EXPECT_NE(without.find(" SAVELIMIT=10000"), std::string::npos) << without;
    EXPECT_EQ(without.find("MESSAGELIMIT"), std::string::npos) << without;
}

TEST_F(MessageLimit, FetchAndStoreDoTheNewest) {
    EXPECT_EQ(all("FETCH 1:* (UID)"),
              "3 FETCH (UID 3)\n4 FETCH (UID 4)\n5 FETCH (UID 5)\n"
              "OK [MESSAGELIMIT 3 3] FETCH completed for the newest messages\n");
    EXPECT_EQ(all("UID FETCH 1:2 (UID)"), "1 FETCH (UID 1)\n2 FETCH (UID 2)\nOK UID FETCH completed\n");
    EXPECT_EQ(all("UID STORE 1,2,4,5 +FLAGS.SILENT (\\Flagged)"),
              "OK [MESSAGELIMIT 3 2] STORE completed for the newest messages\n");
    EXPECT_EQ(all("UID SEARCH UIDAFTER 2 FLAGGED"), "SEARCH 4 5\nOK SEARCH completed\n");
    EXPECT_EQ(all("UID SEARCH UIDBEFORE 3 FLAGGED"), "SEARCH 2\nOK SEARCH completed\n");
    EXPECT_EQ(all("UID FETCH 1:* (UID) (PARTIAL -1:-5)"),
              "NO [MESSAGELIMIT 3] These are too many messages for one command\n");
    EXPECT_EQ(all("UID FETCH 1:* (UID) (PARTIAL 1:1)"), "1 FETCH (UID 1)\nOK UID FETCH completed\n");
}

TEST_F(MessageLimit, WhatHasNotChangedDoesNotCount) {
    client.ask("ENABLE CONDSTORE");
    const std::string before = client.ask("STATUS INBOX (HIGHESTMODSEQ)").front();
    const std::string modseq =
        before.substr(before.rfind(' ') + 1, before.rfind(')') - before.rfind(' ') - 1);
    client.ask("STORE 1 +FLAGS.SILENT (\\Flagged)");
    const std::string said = all("FETCH 1:* (FLAGS) (CHANGEDSINCE " + modseq + ")");
    EXPECT_NE(said.find("1 FETCH"), std::string::npos) << said;
    EXPECT_NE(said.find("\nOK FETCH completed"), std::string::npos) << said;
}

TEST_F(MessageLimit, SearchLooksAtTheNewestAndSavesWhatItFound) {
    EXPECT_EQ(all("SEARCH ALL"),
              "SEARCH 3 4 5\nOK [MESSAGELIMIT 3 3] SEARCH completed for the newest messages\n");
    EXPECT_EQ(
        all("SEARCH RETURN (SAVE COUNT) SUBJECT m"),
        "ESEARCH (TAG \"t9\") COUNT 3\nOK [MESSAGELIMIT 3 3] SEARCH completed for the newest messages\n");
    EXPECT_EQ(all("FETCH $ (UID)"),
              "3 FETCH (UID 3)\n4 FETCH (UID 4)\n5 FETCH (UID 5)\nOK FETCH completed\n");
    EXPECT_EQ(all("SORT (ARRIVAL) UTF-8 ALL"),
              "NO [MESSAGELIMIT 3] These are too many messages for one command\n");
    EXPECT_EQ(all("SORT (ARRIVAL) UTF-8 1:2"), "SORT 1 2\nOK SORT completed\n");
    EXPECT_EQ(all("THREAD REFERENCES UTF-8 ALL"),
              "NO [MESSAGELIMIT 3] These are too many messages for one command\n");
    EXPECT_EQ(all("STATUS INBOX (MESSAGES UNSEEN)"),
              "STATUS INBOX (MESSAGES 5 UNSEEN 5)\nOK STATUS completed\n");
}

TEST_F(MessageLimit, CopyDoesAllOrNothingAndMoveTheNewest) {
    EXPECT_EQ(all("COPY 1:4 Archive"), "NO [MESSAGELIMIT 3 2] These are too many messages for one command\n");
    EXPECT_NE(all("STATUS Archive (MESSAGES)").find("MESSAGES 0"), std::string::npos);
    const std::string moved = all("UID MOVE 1:* Archive");
    EXPECT_NE(moved.find("OK [COPYUID"), std::string::npos) << moved;
    EXPECT_NE(moved.find(" 3:5 1:3]"), std::string::npos) << moved;
    EXPECT_NE(moved.find("\nOK [MESSAGELIMIT 3 3] UID MOVE completed"), std::string::npos) << moved;
    EXPECT_NE(all("UID MOVE 1:* Archive").find("\nOK UID MOVE completed"), std::string::npos);
}

TEST_F(MessageLimit, UidExpungeCountsWhatIsDeletedAndExpungeHasNoLimit) {
    client.ask("STORE 1:2 +FLAGS.SILENT (\\Deleted)");
    client.ask("STORE 4:5 +FLAGS.SILENT (\\Deleted)");
    EXPECT_EQ(all("UID EXPUNGE 1:*"),
              "5 EXPUNGE\n4 EXPUNGE\n2 EXPUNGE\n"
              "OK [MESSAGELIMIT 3 2] UID EXPUNGE completed for the newest messages\n");
    for (int i = 0; i < 4; ++i) client.append("INBOX", "Subject: m\r\n\r\nText\r\n");
    client.ask("STORE 1:3 +FLAGS.SILENT (\\Deleted)");
    client.ask("STORE 4:6 +FLAGS.SILENT (\\Deleted)");
    EXPECT_NE(all("EXPUNGE").find("\nOK EXPUNGE completed"), std::string::npos);
    EXPECT_NE(all("STATUS INBOX (MESSAGES)").find("MESSAGES 0"), std::string::npos);
}

TEST_F(MessageLimit, AppendTakesAllOrNothing) {
    EXPECT_TRUE(client.result("APPEND Sent {3+}\r\nA:b {3+}\r\nA:b {3+}\r\nA:b {3+}\r\nA:b")
                    .starts_with("NO [MESSAGELIMIT 3]"));
    EXPECT_TRUE(client.result("APPEND Sent {3+}\r\nA:b {3+}\r\nA:b").starts_with("OK [APPENDUID"));
}

}  // namespace
}  // namespace postrider::imap
