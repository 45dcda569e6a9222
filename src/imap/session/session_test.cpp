#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <thread>

#include "directory/admin_limits.h"
#include "imap/session/test_service.h"

namespace postrider::imap {
namespace {

TEST(Session, SurvivesNulsControlsAndNonsense) {
    using namespace std::literals;
    TestService service;
    TestClient client{service};
    client.login();
    for (std::string_view bad :
         {"a1 NO\0OP"sv, "\0\0\0"sv, "a1 SELECT \x01"sv, "* * *"sv, ""sv, "a1 SELECT \"x"sv, "a1 FETCH"sv}) {
        client.say(std::string{bad} + "\r\n");
        EXPECT_NE(client.reply().find(" BAD "), std::string::npos) << bad;
    }
    EXPECT_TRUE(client.result("NOOP").starts_with("OK"));
}

TEST(Session, EndsAfterTooManyErrors) {
    ImapSettings settings = TestService::open_settings();
    settings.service.max_errors = 3;
    TestService service{settings};
    TestClient client{service};
    client.say("a\r\na\r\na\r\na NOOP\r\n");
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.reply().starts_with("* BAD ")) << i;
    EXPECT_EQ(client.reply(), "* BYE Too many errors");
    EXPECT_TRUE(client.closed());
}

TEST(Session, EndsAfterTooManyFailedLogIns) {
    ImapSettings settings = TestService::open_settings();
    settings.service.max_auth_errors = 2;
    TestService service{settings};
    TestClient client{service};
    EXPECT_TRUE(client.result("LOGIN alice@example.org x").starts_with("NO [AUTHENTICATIONFAILED]"));
    auto last = client.ask("LOGIN nobody@example.org x");
    EXPECT_EQ(last.front(), "* BYE Too many failed log-ins");
    EXPECT_TRUE(client.closed());
}

TEST(Session, TakesOneOctetAtATime) {
    TestService service;
    TestClient client{service};
    for (char c : std::string{"a1 LOGIN {17}\r\nalice@example.org {6+}\r\nsecret\r\n"})
        client.say(std::string(1, c));
    EXPECT_TRUE(client.reply().starts_with("+ "));
    EXPECT_TRUE(client.reply().starts_with("a1 OK "));
}

TEST(Session, KeepsLittleOfWhatAStrangerSends) {
    TestService service;
    TestClient client{service};
    client.say("a1 LOGIN " + std::string(300'000, 'x') + "\r\n");
    EXPECT_EQ(client.reply(), "a1 BAD The command line is too long");
    client.say("a2 LOGIN {5000}\r\n");
    EXPECT_TRUE(client.reply().starts_with("a2 BAD "));
    client.say("a3 LOGIN {5000000000+}\r\n");
    EXPECT_TRUE(client.reply().starts_with("* BYE "));
    EXPECT_TRUE(client.closed());
}

TEST(Session, RefusesWhatIsTooLargeAndGoesOn) {
    ImapSettings settings = TestService::open_settings();
    settings.max_message_size = 64;
    TestService service{settings};
    TestClient client{service};
    client.login();
    client.say("a1 APPEND INBOX {70000}\r\n");
    EXPECT_EQ(client.reply(), "a1 NO [TOOBIG] The literal is too large");
    client.append("INBOX", std::string(70'000, 'x'));
    client.append("INBOX", std::string(60'000, 'x'));
    EXPECT_EQ(client.ask("STATUS INBOX (MESSAGES)").front(), "* STATUS INBOX (MESSAGES 1)");
    client.ask("SELECT INBOX");
    EXPECT_TRUE(client.result("SEARCH " + std::string(5000, '(')).starts_with("BAD"));
}

TEST(Session, AnswersPipelinedCommandsInOrder) {
    TestService service;
    TestClient client{service};
    client.login();
    std::string batch;
    for (int i = 0; i < 200; ++i)
        batch += "p" + std::to_string(i) + (i % 2 ? " NOOP\r\n" : " STATUS INBOX (UIDNEXT)\r\n");
    client.say(batch);
    for (int i = 0; i < 200; ++i)
        EXPECT_TRUE(client.until("p" + std::to_string(i)).back().find(" OK ") != std::string::npos);
}

TEST(Session, CommandsSentTogetherSeeWhatThoseBeforeThemHaveDone) {
    TestService service;
    TestClient client{service};
    client.login();
    client.ask("CREATE Other");
    client.append("INBOX", "Subject: one\r\n\r\nfirst\r\n");
    client.append("INBOX", "Subject: two\r\n\r\nsecond\r\n");
    client.say(
        "a SEARCH ALL\r\n"
        "b SELECT INBOX\r\n"
        "c FETCH 1 BODY.PEEK[TEXT]\r\n"
        "d STORE 1 +FLAGS.SILENT (\\Deleted)\r\n"
        "e FETCH 1 (FLAGS)\r\n"
        "f EXPUNGE\r\n"
        "g FETCH 1 BODY.PEEK[TEXT]\r\n"
        "h COPY 1 Other\r\n"
        "i UNSELECT\r\n"
        "j FETCH 1 (FLAGS)\r\n"
        "k STATUS Other (MESSAGES)\r\n"
        "l EXAMINE Other\r\n"
        "m SEARCH SUBJECT two\r\n");
    auto said = [&](const std::string& tag) {
        std::string all;
        for (const std::string& line : client.until(tag)) all += line + "\n";
        return all;
    };
    auto holds = [&](const std::string& tag, const std::string& what) {
        const std::string all = said(tag);
        EXPECT_NE(all.find(what), std::string::npos) << tag << ": " << all;
    };
    holds("a", "a BAD");
    holds("b", "* 2 EXISTS");
    holds("c", "first");
    holds("d", "d OK");
    holds("e", "\\Deleted");
    holds("f", "* 1 EXPUNGE");
    holds("g", "second");
    holds("h", "h OK [COPYUID");
    holds("i", "i OK");
    holds("j", "j BAD");
    holds("k", "(MESSAGES 1)");
    holds("l", "* 1 EXISTS");
    holds("m", "* SEARCH 1");
}

TEST(Session, AStatusFromMemorySaysWhatTheOtherSays) {
    TestService service;
    TestClient client{service}, other{service};
    client.login();
    other.login();
    client.ask("CREATE Other");
    EXPECT_EQ(client.ask("STATUS Other (MESSAGES UNSEEN)").front(), "* STATUS Other (MESSAGES 0 UNSEEN 0)");
    other.append("Other", "Subject: one\r\n\r\nfirst\r\n");
    EXPECT_EQ(client.ask("STATUS Other (MESSAGES UNSEEN)").front(), "* STATUS Other (MESSAGES 1 UNSEEN 1)");
    EXPECT_EQ(client.ask("STATUS Other (MESSAGES RECENT)").front(), "* STATUS Other (MESSAGES 1 RECENT 1)");
    client.ask("SELECT Other");
    other.append("Other", "Subject: two\r\n\r\nsecond\r\n");
    const auto lines = client.ask("STATUS INBOX (MESSAGES)");  // news of the selected folder are told with it
    EXPECT_NE(std::find(lines.begin(), lines.end(), "* 2 EXISTS"), lines.end());
    EXPECT_TRUE(client.result("STATUS Nowhere (MESSAGES)").starts_with("NO [NONEXISTENT]"));
    EXPECT_TRUE(client.result("STATUS INBOX (NONSENSE)").starts_with("BAD"));
}

TEST(Session, AStatusFromMemoryNeedsNoWorker) {
    TestService service;
    TestClient client{service};
    client.login();
    client.ask("STATUS INBOX (MESSAGES)");  // what is asked first may have to be read
    std::latch go{1};
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(service.workers.post([&] { go.wait(); }));
    EXPECT_EQ(client.ask("STATUS INBOX (MESSAGES UNSEEN UIDNEXT)").front(),
              "* STATUS INBOX (MESSAGES 0 UIDNEXT 1 UNSEEN 0)");
    go.count_down();
}

TEST(Session, LimitsSessionsOfAnAccount) {
    TestService service;
    std::vector<std::unique_ptr<TestClient>> clients;
    for (int i = 0; i < 16; ++i) {
        clients.push_back(std::make_unique<TestClient>(service));
        EXPECT_TRUE(clients.back()->result("LOGIN alice@example.org secret").starts_with("OK"));
    }
    TestClient one_more{service};
    EXPECT_TRUE(one_more.result("LOGIN alice@example.org secret").starts_with("NO [LIMIT]"));
    EXPECT_TRUE(one_more.result("LOGIN bob@example.org secret").starts_with("OK"));
    clients.front()->peer().close();
    EXPECT_TRUE(service.server->sessions_become(16));
    TestClient again{service};
    EXPECT_TRUE(again.result("LOGIN alice@example.org secret").starts_with("OK"));
}

TEST(Session, EndsQuietlyWhenTheClientIsGone) {
    TestService service;
    {
        TestClient client{service};
        client.login();
        client.say("a1 APPEND INBOX {1000}\r\n");
        client.reply();
        client.say("half a mess");
    }
    EXPECT_TRUE(service.server->sessions_become(0));
    TestClient client{service};
    client.login();
    EXPECT_EQ(client.ask("STATUS INBOX (MESSAGES)").front(), "* STATUS INBOX (MESSAGES 0)");
}

TEST(Session, SaysNoPasswordInItsLog) {
    TestService service;
    TestClient client{service};
    client.result("LOGIN alice@example.org {6+}\r\nsecret");
    client.result("NOOP");
    for (const std::string& line : service.memory_log.lines())
        EXPECT_EQ(line.find("secret"), std::string::npos) << line;
    EXPECT_TRUE(service.memory_log.contains("connection accepted from [127.0.0.1:"));
    EXPECT_TRUE(service.memory_log.contains("Account 'alice@example.org' has logged in"));
    EXPECT_TRUE(service.memory_log.contains("<< t2 NOOP"));
    EXPECT_TRUE(service.memory_log.contains(">> t2 OK"));
}

TEST(Session, OffersNoPasswordsWithoutTls) {
    TestService service{ImapSettings{}};
    TestClient client{service};
    EXPECT_NE(client.greeting.find("LOGINDISABLED"), std::string::npos);
    EXPECT_EQ(client.greeting.find("AUTH=PLAIN"), std::string::npos);
    EXPECT_TRUE(client.result("LOGIN alice@example.org secret").starts_with("NO [PRIVACYREQUIRED]"));
    EXPECT_TRUE(client.result("AUTHENTICATE PLAIN AGFsaWNl").starts_with("NO"));
}

TEST(Session, HoldsTheQuota) {
    TestService service;
    service.quotas.now.bytes = 10 * 1024;
    service.quotas.now.messages = 3;
    TestClient client{service};
    client.login();
    client.append("INBOX", "Subject: x\r\n\r\n" + std::string(3000, 'x') + "\r\n");
    auto quota = client.ask("GETQUOTAROOT INBOX");
    EXPECT_EQ(quota[0], "* QUOTAROOT INBOX \"\"");
    EXPECT_EQ(quota[1], "* QUOTA \"\" (STORAGE 3 10 MESSAGE 1 3)");
    std::string large(9000, 'y');
    EXPECT_TRUE(client.result("APPEND INBOX {9000+}\r\n" + large).starts_with("NO [OVERQUOTA]"));
}

TEST(Session, FetchesALongListInPieces) {
    TestService service;
    TestClient client{service};
    client.login();
    std::string multi = "APPEND INBOX";
    for (int i = 0; i < 900; ++i) {
        std::string message = "Subject: message " + std::to_string(i) + std::string(400, 's')
                              + "\r\nFrom: a@example.org\r\n\r\nx\r\n";
        multi += " {" + std::to_string(message.size()) + "+}\r\n" + message;
    }
    ASSERT_TRUE(client.result(multi).starts_with("OK [APPENDUID "));
    client.ask("SELECT INBOX");
    auto replies = client.ask("FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE)");
    ASSERT_EQ(replies.size(), 901u);
    for (int i = 0; i < 900; ++i) {
        std::string number = std::to_string(i + 1);
        EXPECT_TRUE(replies[i].starts_with("* " + number + " FETCH (UID " + number
                                           + " FLAGS (\\Recent) RFC822.SIZE "));
        EXPECT_NE(replies[i].find("\"message " + std::to_string(i) + "s"), std::string::npos);
    }
    // A message that other sessions expunge while we list stays out of the next list alone.
    client.result("STORE 1:899 +FLAGS.SILENT (\\Deleted)");
    EXPECT_EQ(client.ask("EXPUNGE").size(), 900u);
    EXPECT_EQ(client.ask("FETCH 1:* UID").front(), "* 1 FETCH (UID 900)");
}

TEST(Session, PostmastersSetQuotasOfTheirDomain) {
    TestService service;
    TestClient alice{service}, postmaster{service};
    alice.login();
    EXPECT_EQ(alice.ask("CAPABILITY").front().find("QUOTASET"), std::string::npos);
    EXPECT_TRUE(alice.result("SETQUOTA \"\" (STORAGE 10)").starts_with("NO [NOPERM]"));
    EXPECT_TRUE(alice.result("GETQUOTA bob@example.org").starts_with("NO [NONEXISTENT]"));
    postmaster.login("postmaster");
    EXPECT_NE(postmaster.ask("CAPABILITY").front().find(" QUOTASET"), std::string::npos);
    EXPECT_EQ(postmaster.result("SETQUOTA alice@example.org (STORAGE 512 MESSAGE 7)"),
              "OK SETQUOTA completed");
    auto settings = service.directory->effective(service.accounts[0]).value();
    EXPECT_EQ(settings->total_message_size_kb, 512u);
    EXPECT_EQ(settings->total_message_count, 7u);
    EXPECT_EQ(postmaster.result("SETQUOTA alice@example.org (STORAGE 513)"), "OK SETQUOTA completed");
    settings = service.directory->effective(service.accounts[0]).value();
    EXPECT_EQ(settings->total_message_size_kb, 513u);
    EXPECT_EQ(settings->total_message_count, 0u) << "what is not named has no limit";
    EXPECT_TRUE(postmaster.result("SETQUOTA alice@example.org (STORAGE 0)").starts_with("NO [CANNOT]"));
    EXPECT_TRUE(postmaster.result("SETQUOTA alice@example.org (FISH 9)").starts_with("NO [CANNOT]"));
    EXPECT_TRUE(postmaster.result("SETQUOTA nobody@example.org ()").starts_with("NO [NONEXISTENT]"));
    directory::AdminLimits ceiling;
    ceiling.message_size_kb = 1000;
    ASSERT_TRUE(directory::set_admin_limits(service.store->kv(), service.domain, ceiling));
    EXPECT_TRUE(postmaster.result("SETQUOTA alice@example.org (STORAGE 1001)").starts_with("NO [NOPERM]"));
    EXPECT_TRUE(postmaster.result("SETQUOTA alice@example.org ()").starts_with("NO [NOPERM]"));
    service.quotas.now.bytes = 513 * 1024;
    EXPECT_EQ(postmaster.ask("GETQUOTA alice@example.org").front(),
              "* QUOTA \"alice@example.org\" (STORAGE 0 513)");
    EXPECT_EQ(postmaster.ask("SETQUOTA alice@example.org (STORAGE 513)").front(),
              "* QUOTA \"alice@example.org\" (STORAGE 0 513)");
}

TEST(Session, SplitsUidsIntoBatches) {
    TestService service;
    TestClient client{service};
    client.login();
    auto account = service.store->account(service.accounts[0]).value();
    const FolderId inbox = account->folder("INBOX")->id;
    std::vector<mailstore::Account::NewItem> items(1300);
    for (auto& item : items) item.payload = "Subject: x\r\n\r\n";
    ASSERT_TRUE(account->append(inbox, std::move(items)));
    const mailstore::UidSet gone{{Uid{1}, Uid{1}}, {Uid{100}, Uid{199}}, {Uid{1299}, Uid{1299}}};
    ASSERT_TRUE(account->expunge(inbox, gone, false));
    EXPECT_TRUE(client.result("UIDBATCHES 500").starts_with("BAD"));
    client.ask("SELECT INBOX");
    EXPECT_EQ(client.ask("UIDBATCHES 500").front(), "* UIDBATCHES (TAG \"t4\") 1300:800,799:300,299:1");
    EXPECT_EQ(client.ask("UIDBATCHES 500 2:2").front(), "* UIDBATCHES (TAG \"t5\") 799:300");
    EXPECT_EQ(client.ask("UIDBATCHES 500 3:9").front(), "* UIDBATCHES (TAG \"t6\") 299:1");
    EXPECT_EQ(client.ask("UIDBATCHES 500 4:4").front(), "* UIDBATCHES (TAG \"t7\")");
    EXPECT_EQ(client.ask("UIDBATCHES 5000").front(), "* UIDBATCHES (TAG \"t8\") 1300:1");
    EXPECT_TRUE(client.result("UIDBATCHES 499").starts_with("NO [TOOFEW]"));
    EXPECT_TRUE(client.result("UIDBATCHES 500 2:1").starts_with("BAD [CLIENTBUG]"));
}

/// RFC 10022 §3.1.1.
TEST(Session, AsksForBatchesAgainWhenTheMailboxHasChanged) {
    TestService service;
    TestClient client{service};
    client.login();
    client.ask("SELECT INBOX");
    std::string last;
    int answered = 0;
    for (; answered < 1000; ++answered)
        if (last = client.result("UIDBATCHES 500"); !last.starts_with("OK")) break;
    EXPECT_EQ(answered, 120);
    EXPECT_TRUE(last.starts_with("NO [LIMIT]")) << last;
    auto account = service.store->account(service.accounts[0]).value();
    const FolderId inbox = account->folder("INBOX")->id;
    auto add = [&](std::size_t many) {
        std::vector<mailstore::Account::NewItem> items(many);
        for (auto& item : items) item.payload = "Subject: x\r\n\r\n";
        ASSERT_TRUE(account->append(inbox, std::move(items)));
        client.ask("NOOP");
    };
    add(250);
    EXPECT_TRUE(client.result("UIDBATCHES 500").starts_with("NO [LIMIT]"));
    add(1);
    EXPECT_TRUE(client.result("UIDBATCHES 500").starts_with("OK"));
    client.ask("SELECT INBOX");
    EXPECT_TRUE(client.result("UIDBATCHES 500").starts_with("OK"));
}

TEST(Session, SaysHowFarALongCommandIs) {
    ImapSettings settings = TestService::open_settings();
    settings.progress_every = std::chrono::milliseconds{1};
    TestService service{settings};
    TestClient client{service};
    client.login();
    auto account = service.store->account(service.accounts[0]).value();
    const FolderId inbox = account->folder("INBOX")->id;
    for (int round = 0; round < 10; ++round) {
        std::vector<mailstore::Account::NewItem> items(400);
        for (auto& item : items) item.payload = "Subject: x\r\n\r\n" + std::string(4000, 'a');
        ASSERT_TRUE(account->append(inbox, std::move(items)));
    }
    client.ask("SELECT INBOX");
    auto replies = client.ask("SEARCH BODY nothing");
    EXPECT_EQ(replies.back(), "t3 OK SEARCH completed");
    EXPECT_EQ(replies[replies.size() - 2], "* SEARCH");
    ASSERT_GT(replies.size(), 2u);
    std::size_t before = 0;
    for (std::size_t i = 0; i + 2 < replies.size(); ++i) {
        const std::string& reply = replies[i];
        ASSERT_TRUE(reply.starts_with("* OK [INPROGRESS (\"t3\" ")) << reply;
        if (reply.starts_with("* OK [INPROGRESS (\"t3\" NIL NIL)]")) continue;
        std::size_t done = std::stoul(reply.substr(23));
        EXPECT_GE(done, before);
        before = done;
        EXPECT_NE(reply.find(" 4000)] "), std::string::npos) << reply;
    }
    EXPECT_EQ(client.ask("NOOP").size(), 1u);
    // RFC 9585 §4: a tag with "]" would seem to end the code.
    client.say("t]4 SEARCH BODY nothing\r\n");
    replies = client.until("t]4");
    ASSERT_GT(replies.size(), 2u);
    EXPECT_TRUE(replies.front().starts_with("* OK [INPROGRESS (NIL ")) << replies.front();
}

TEST(Session, WakesIdlersWithinMoments) {
    TestService service;
    TestClient idler{service}, writer{service};
    idler.login();
    writer.login();
    idler.ask("SELECT INBOX");
    idler.say("i IDLE\r\n");
    idler.reply();
    for (int i = 1; i <= 5; ++i) {
        writer.append("INBOX", "Subject: " + std::to_string(i) + "\r\n\r\n");
        EXPECT_EQ(idler.reply(), "* " + std::to_string(i) + " EXISTS");
        EXPECT_EQ(idler.reply(), "* " + std::to_string(i) + " RECENT");
    }
    idler.say("DONE\r\n");
    EXPECT_EQ(idler.reply(), "i OK IDLE completed");
}

TEST(Session, ManyAtOnceAreAllServed) {
    TestService service;
    std::vector<std::unique_ptr<TestClient>> clients;
    for (int i = 0; i < 300; ++i) clients.push_back(std::make_unique<TestClient>(service));
    for (auto& client : clients) client->say("a NOOP\r\n");
    for (auto& client : clients) EXPECT_EQ(client->reply(), "a OK NOOP completed");
    clients.clear();
    EXPECT_TRUE(service.server->sessions_become(0));
}

}  // namespace
}  // namespace postrider::imap
