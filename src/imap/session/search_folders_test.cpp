#include <gtest/gtest.h>

#include "imap/session/search_folders.h"
#include "imap/session/test_service.h"

// Searches that live as folders: what is found is there, comes and goes with what happens to the messages,
// and what is done to it is done to them.

namespace postrider::imap {
namespace {

class SearchFolders : public testing::Test {
protected:
    SearchFolders() {
        client.login();
        account = service.store->account(service.accounts[0]).value();
    }

    FolderId make(std::string_view path, std::string_view criteria, std::string_view sources = {}) {
        auto made = account->create_folder(path, mailstore::FolderKind::search).value();
        std::vector<mailstore::Account::AnnotationChange> notes{
            {std::string{mailstore::search_criteria_entry}, std::string{criteria}}};
        if (!sources.empty())
            notes.push_back({std::string{mailstore::search_sources_entry}, std::string{sources}});
        EXPECT_TRUE(account->annotate(made.id, notes));
        return made.id;
    }
    void put(std::string_view mailbox, std::string_view subject, std::string_view flags = "()") {
        client.append(mailbox,
                      "Subject: " + std::string{subject} + "\r\n\r\nbody of " + std::string{subject} + "\r\n",
                      flags);
    }
    std::vector<std::string> subjects() {
        std::vector<std::string> all;
        for (const std::string& reply : client.ask("UID FETCH 1:* (ENVELOPE)")) {
            std::size_t at = reply.find("ENVELOPE (NIL \"");
            if (at == std::string::npos) continue;
            at += 15;
            all.push_back(reply.substr(at, reply.find('"', at) - at));
        }
        return all;
    }
    std::string flags_of(std::string_view mailbox, std::string_view uid) {
        TestClient other{service};
        other.login();
        other.ask("EXAMINE " + std::string{mailbox});
        return other.ask("UID FETCH " + std::string{uid} + " FLAGS").front();
    }
    using Texts = std::vector<std::string>;

    TestService service;
    TestClient client{service};
    std::shared_ptr<mailstore::Account> account;
};

TEST_F(SearchFolders, ShowWhatIsFoundAnywhereButInTrashAndJunk) {
    put("INBOX", "plan one");
    put("INBOX", "other");
    put("Archive", "plan two");
    put("Trash", "plan three");
    make("Plans", "SUBJECT plan");
    auto listed = client.ask("LIST \"\" Plans");
    EXPECT_EQ(listed.front(), "* LIST (\\HasNoChildren \\Search) \"/\" Plans");
    EXPECT_EQ(client.ask("STATUS Plans (MESSAGES UNSEEN)").front(), "* STATUS Plans (MESSAGES 2 UNSEEN 2)");
    EXPECT_TRUE(client.result("SELECT Plans").starts_with("OK [READ-WRITE]"));
    EXPECT_EQ(subjects(), (Texts{"plan one", "plan two"}));
    EXPECT_EQ(client.ask("SEARCH BODY two").front(), "* SEARCH 2");
    EXPECT_EQ(client.ask("GETMETADATA Plans /private/vendor/postrider/search").front(),
              "* METADATA Plans (/private/vendor/postrider/search \"SUBJECT plan\")");
    put("INBOX", "plan four");
    auto news = client.ask("NOOP");
    EXPECT_EQ(news.front(), "t" + news.back().substr(1, news.back().find(' ') - 1) + " OK NOOP completed")
        << "APPEND has told of it already";
    EXPECT_EQ(subjects(), (Texts{"plan one", "plan two", "plan four"}));
}

TEST_F(SearchFolders, FollowTheFlagsOfMessagesAndTheirEnd) {
    put("INBOX", "a");
    put("INBOX", "b", "(\\Flagged)");
    make("Starred", "FLAGGED");
    client.ask("SELECT Starred");
    EXPECT_EQ(subjects(), Texts{"b"});
    TestClient other{service};
    other.login();
    other.ask("SELECT INBOX");
    other.result("STORE 1 +FLAGS (\\Flagged $Work)");
    auto news = client.ask("NOOP");
    ASSERT_EQ(news.size(), 5u);
    EXPECT_EQ(news[0], "* 2 EXISTS");
    EXPECT_EQ(subjects(), (Texts{"b", "a"}));
    EXPECT_EQ(client.ask("UID FETCH 2 FLAGS").front(), "* 2 FETCH (UID 2 FLAGS (\\Flagged \\Recent $Work))");
    other.result("STORE 2 -FLAGS (\\Flagged)");
    EXPECT_EQ(client.ask("NOOP").front(), "* 1 EXPUNGE");
    other.result("STORE 1 +FLAGS (\\Seen)");
    EXPECT_EQ(client.ask("NOOP").front(), "* 1 FETCH (UID 2 FLAGS (\\Flagged \\Seen \\Recent $Work))");
    other.result("UID MOVE 1 Archive");
    news = client.ask("NOOP");
    EXPECT_EQ(news[0], "* 1 EXPUNGE") << "it lies elsewhere now, and so is another message";
    EXPECT_EQ(news[1], "* 1 EXISTS");
    EXPECT_EQ(subjects(), Texts{"a"});
}

TEST_F(SearchFolders, WhatIsDoneInThemIsDoneToTheMessages) {
    put("INBOX", "one");
    put("Archive", "two");
    put("Archive", "nothing");
    make("Found", "OR SUBJECT one SUBJECT two");
    client.ask("SELECT Found");
    EXPECT_EQ(client.ask("STORE 1:2 +FLAGS (\\Flagged)").front(),
              "* 1 FETCH (UID 1 FLAGS (\\Flagged \\Recent))");
    EXPECT_NE(flags_of("Archive", "1").find("\\Flagged"), std::string::npos);
    client.ask("FETCH 2 BODY[TEXT]");
    EXPECT_NE(flags_of("Archive", "1").find("\\Seen"), std::string::npos);
    // a copy is a message like any other
    EXPECT_TRUE(client.result("COPY 1:2 Sent").starts_with("OK [COPYUID "));
    EXPECT_EQ(client.ask("STATUS Sent (MESSAGES)").front(), "* STATUS Sent (MESSAGES 2)");
    client.ask("NOOP");
    EXPECT_EQ(subjects().size(), 4u);
    auto moved = client.ask("MOVE 2 Drafts");
    EXPECT_TRUE(moved.front().starts_with("* OK [COPYUID ")) << moved.front();
    EXPECT_EQ(client.ask("STATUS Archive (MESSAGES)").front(), "* STATUS Archive (MESSAGES 1)");
    client.result("STORE 1 +FLAGS.SILENT (\\Deleted)");
    EXPECT_EQ(client.ask("EXPUNGE").front(), "* 1 EXPUNGE");
    EXPECT_EQ(client.ask("STATUS INBOX (MESSAGES)").front(), "* STATUS INBOX (MESSAGES 0)");
    for (std::string_view command : {"APPEND Found {4+}\r\na: b", "COPY 1 Found", "MOVE 1 Found"})
        EXPECT_TRUE(client.result(command).starts_with("NO [CANNOT]")) << command;
    auto wrong = service.store->verify({});
    ASSERT_TRUE(wrong);
    for (const auto& finding : *wrong) ADD_FAILURE() << finding.what;
}

TEST_F(SearchFolders, CountForNoQuotaAndGoWithoutTheMessages) {
    put("INBOX", "one");
    const auto before = account->quota();
    const FolderId folder = make("Found", "ALL");
    EXPECT_EQ(client.ask("STATUS Found (MESSAGES)").front(), "* STATUS Found (MESSAGES 1)");
    EXPECT_EQ(account->quota().used_bytes, before.used_bytes);
    EXPECT_EQ(account->quota().used_messages, before.used_messages);
    EXPECT_TRUE(client.result("DELETE Found").starts_with("OK"));
    EXPECT_FALSE(account->folder(folder));
    EXPECT_EQ(account->quota().used_messages, before.used_messages);
    EXPECT_EQ(client.ask("STATUS INBOX (MESSAGES)").front(), "* STATUS INBOX (MESSAGES 1)");
    auto wrong = service.store->verify({});
    ASSERT_TRUE(wrong && wrong->empty());
}

TEST_F(SearchFolders, SearchWhereTheyAreToldTo) {
    put("INBOX", "one");
    put("Archive", "two");
    const auto archive = account->folder("Archive")->id.value();
    make("Only", "ALL", std::to_string(archive));
    client.ask("SELECT Only");
    EXPECT_EQ(subjects(), Texts{"two"});
    client.result("CREATE More");
    put("More", "three");
    client.ask("NOOP");
    EXPECT_EQ(subjects(), Texts{"two"});
    EXPECT_EQ(client.ask("DELETE Archive").front(), "* 1 EXPUNGE");
}

TEST_F(SearchFolders, CanBeToldToSearchForSomethingElse) {
    put("INBOX", "one");
    put("INBOX", "two");
    make("Found", "SUBJECT one");
    client.ask("SELECT Found");
    EXPECT_EQ(subjects(), Texts{"one"});
    EXPECT_TRUE(client.result("SETMETADATA Found (/private/vendor/postrider/search \"SUBJECT two\")")
                    .starts_with("OK"));
    client.ask("NOOP");
    EXPECT_EQ(subjects(), Texts{"two"});
    EXPECT_TRUE(client.result("SETMETADATA Found (/private/vendor/postrider/search \"SUBJECT\")")
                    .starts_with("NO [CANNOT]"));
    EXPECT_TRUE(client.result("SETMETADATA Found (/private/vendor/postrider/search \"1:5\")")
                    .starts_with("NO [CANNOT]"));
    EXPECT_TRUE(
        client.result("SETMETADATA Found (/private/vendor/postrider/search NIL)").starts_with("NO [CANNOT]"));
    EXPECT_TRUE(client.result("SETMETADATA INBOX (/private/vendor/postrider/search \"ALL\")")
                    .starts_with("NO [CANNOT]"));
}

TEST_F(SearchFolders, WakeWhoIdlesInThem) {
    make("Found", "SUBJECT wanted");
    client.ask("SELECT Found");
    client.say("i IDLE\r\n");
    client.reply();
    TestClient other{service};
    other.login();
    other.append("INBOX", "Subject: nothing\r\n\r\n");
    other.append("Archive", "Subject: wanted\r\n\r\n");
    EXPECT_EQ(client.reply(), "* 1 EXISTS");
    client.reply();
    client.say("DONE\r\n");
    EXPECT_EQ(client.reply(), "i OK IDLE completed");
    client.ask("UNSELECT");
    client.ask("NOTIFY SET (mailboxes Found (MessageNew MessageExpunge))");
    other.append("INBOX", "Subject: wanted too\r\n\r\n");
    EXPECT_EQ(client.reply(), "* STATUS Found (MESSAGES 2 UIDNEXT 3)");
}

TEST_F(SearchFolders, ResynchroniseLikeAnyMailbox) {
    for (int i = 0; i < 5; ++i) put("INBOX", "x" + std::to_string(i));
    make("Found", "UNDELETED");
    client.ask("ENABLE QRESYNC");
    auto replies = client.ask("SELECT Found");
    std::string validity, modseq;
    for (const std::string& reply : replies) {
        if (reply.starts_with("* OK [UIDVALIDITY ")) validity = reply.substr(18, reply.find(']') - 18);
        if (reply.starts_with("* OK [HIGHESTMODSEQ ")) modseq = reply.substr(20, reply.find(']') - 20);
    }
    client.ask("UNSELECT");
    TestClient other{service};
    other.login();
    other.ask("SELECT INBOX");
    other.result("STORE 2 +FLAGS (\\Deleted)");
    other.result("STORE 3 +FLAGS (\\Seen)");
    replies = client.ask("SELECT Found (QRESYNC (" + validity + " " + modseq + "))");
    bool vanished = false, fetched = false;
    for (const std::string& reply : replies) {
        vanished |= reply == "* VANISHED (EARLIER) 2";
        fetched |= reply.find("FETCH (UID 3 FLAGS (\\Seen") != std::string::npos;
    }
    EXPECT_TRUE(vanished);
    EXPECT_TRUE(fetched);
}

TEST(SearchCriteria, MayNotDependOnWhereOrWhenTheyAreRead) {
    EXPECT_FALSE(wrong_search_criteria("FROM boss UNSEEN YOUNGER 604800"));
    EXPECT_FALSE(wrong_search_criteria("OR (FUZZY TEXT \"plan b\") KEYWORD $Work"));
    for (std::string_view wrong :
         {"", "1:3", "$", "UID 7", "NOT MODSEQ 5", "RECENT", "FILTER x", "FROM", "OR NEW SUBJECT x", "ALL)"})
        EXPECT_TRUE(wrong_search_criteria(wrong)) << wrong;
    EXPECT_TRUE(wrong_search_criteria("SUBJECT \"" + std::string(5000, 'x') + "\""));
}

}  // namespace
}  // namespace postrider::imap
