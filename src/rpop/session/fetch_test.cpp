#include <gtest/gtest.h>

#include "net/fake_stream.h"
#include "net/run_task.h"
#include "net/tls.h"
#include "rpop/session/errors.h"
#include "rpop/session/imap_fetch.h"
#include "rpop/session/pop3_fetch.h"

namespace postrider::rpop {
namespace {

class MemorySink final : public Sink {
public:
    void deliver(std::string message) override {
        if (full) throw Failed{"the mailbox is full"};
        messages.push_back(std::move(message));
    }
    bool stopping() const override { return false; }
    Connections::Seen seen() override { return had; }
    void mark_seen(const std::string& uid) override { had.emplace(uid, 1); }
    void forget_seen(const std::vector<std::string>& uids) override {
        for (const std::string& uid : uids) had.erase(uid);
    }
    Status& status() override { return state; }
    void progress() override { saved = state; }

    std::vector<std::string> messages;
    Connections::Seen had;
    Status state, saved;
    bool full = false;
};

constexpr Time now{std::chrono::seconds{1'800'000'000}};

struct Retrieval {
    Retrieval() {
        connection.security = Security::none;
        connection.user = "ann";
    }
    /// "" when it went well.
    std::string pop3(std::string script) {
        return go(std::move(script), [&](net::FakeStream& peer) {
            return fetch_pop3(peer, connection, "secret", nullptr, sink, limits, now, tally);
        });
    }
    std::string imap(std::string script) {
        return go(std::move(script), [&](net::FakeStream& peer) {
            return fetch_imap(peer, connection, "secret", nullptr, sink, limits, now, tally);
        });
    }
    template <class Start>
    std::string go(std::string script, Start start) {
        net::FakeStream peer;
        peer.feed(std::move(script));
        std::string problem;
        try {
            net::run_task(start(peer));
        } catch (const Failed& failed) {
            problem = failed.what();
        } catch (const net::SessionEnd& end) {
            problem = std::string{"ended: "} + end.what();
        }
        said = peer.output();
        return problem;
    }
    Connection connection;
    MemorySink sink;
    Limits limits;
    Tally tally;
    std::string said;
};

constexpr const char* hello = "+OK ready\r\n+OK\r\n+OK\r\n";

TEST(Pop3Fetch, FetchesWhatIsNewAndKeepsIt) {
    Retrieval r;
    r.sink.had = {{"uid-one", 1}, {"uid-gone", 1}};
    EXPECT_EQ(r.pop3(std::string{hello}
                     + "+OK\r\n1 10\r\n2 20\r\n.\r\n+OK\r\n1 uid-one\r\n2 uid-two\r\n.\r\n"
                       "+OK\r\nSubject: two\r\n\r\n..x\r\n.\r\n+OK bye\r\n"),
              "");
    ASSERT_EQ(r.sink.messages.size(), 1u);
    EXPECT_EQ(r.sink.messages[0], "Subject: two\r\n\r\n.x\r\n");
    EXPECT_EQ(r.said, "USER ann\r\nPASS secret\r\nLIST\r\nUIDL\r\nRETR 2\r\nQUIT\r\n");
    EXPECT_TRUE(r.sink.had.contains("uid-two"));
    EXPECT_FALSE(r.sink.had.contains("uid-gone"));
}

TEST(Pop3Fetch, DeletesOnlyWhatIsSafeAndWhatIsOldEnough) {
    Retrieval r;
    r.connection.keep = false;
    r.sink.had = {{"a", 1}};
    EXPECT_EQ(r.pop3(std::string{hello}
                     + "+OK\r\n1 10\r\n2 20\r\n.\r\n+OK\r\n1 a\r\n2 b\r\n.\r\n"
                       "+OK\r\n+OK\r\nx\r\n.\r\n+OK\r\n+OK bye\r\n"),
              "");
    EXPECT_TRUE(r.said.ends_with("DELE 1\r\nRETR 2\r\nDELE 2\r\nQUIT\r\n")) << r.said;

    Retrieval full;
    full.connection.keep = false;
    full.sink.full = true;
    EXPECT_EQ(full.pop3(std::string{hello} + "+OK\r\n1 10\r\n.\r\n+OK\r\n1 a\r\n.\r\n+OK\r\nx\r\n.\r\n"),
              "the mailbox is full");
    EXPECT_EQ(full.said.find("DELE"), std::string::npos);

    Retrieval days;
    days.connection.days = 2;
    const auto today = 1'800'000'000u;
    days.sink.had = {{"old", today - 2 * 86'400}, {"new", today - 2 * 86'400 + 1}};
    EXPECT_EQ(days.pop3(std::string{hello}
                        + "+OK\r\n1 10\r\n2 20\r\n.\r\n+OK\r\n1 new\r\n2 old\r\n.\r\n+OK\r\n+OK\r\n"),
              "");
    EXPECT_TRUE(days.said.ends_with("DELE 2\r\nQUIT\r\n")) << days.said;
}

TEST(Pop3Fetch, LogsInByApopWhenNothingProtectsThePassword) {
    Retrieval r;
    r.connection.user = "mrose";
    r.go("+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n-ERR\r\n", [&](net::FakeStream& peer) {
        return fetch_pop3(peer, r.connection, "tanstaaf", nullptr, r.sink, r.limits, now, r.tally);
    });
    EXPECT_EQ(r.said, "APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n");  // RFC 1939 §7
}

TEST(Pop3Fetch, HostileServersEndTheRetrieval) {
    const std::pair<std::string, const char*> cases[] = {
        {"HTTP/1.1 400\r\n", "does not speak POP3"},
        {"-ERR go away\r\n", "go away"},
        {std::string(20'000, 'x'), "without an end"},
        {"+OK\r\n+OK\r\n-ERR bad password\r\n", "bad password"},
        {std::string{hello} + "+OK\r\n1 5\r\n.\r\n-ERR no UIDL\r\n", "no UIDL"},
        {std::string{hello} + "+OK\r\n1 5\r\n.\r\n+OK\r\n1 a\r\n.\r\n+OK\r\n" + std::string(3'000'000, 'x'),
         "more than it announced"},
        {std::string{hello} + "+OK\r\n1 5\r\n.\r\n+OK\r\n1 a\r\n.\r\n+OK\r\nhalf", "ended:"},
    };
    for (const auto& [script, problem] : cases) {
        Retrieval r;
        r.limits.message = 1 << 20;
        EXPECT_NE(r.pop3(script).find(problem), std::string::npos) << problem;
        EXPECT_TRUE(r.sink.messages.empty());
    }
}

TEST(Pop3Fetch, LeavesWhatIsTooLargeAndGoesOnLater) {
    Retrieval r;
    r.limits.message = 100;
    EXPECT_EQ(r.pop3(std::string{hello}
                     + "+OK\r\n1 101\r\n2 100\r\n.\r\n+OK\r\n1 a\r\n2 b\r\n.\r\n+OK\r\nx\r\n.\r\n+OK\r\n"),
              "");
    EXPECT_EQ(r.tally.skipped, 1u);
    Retrieval some;
    some.limits.messages = 1;
    EXPECT_EQ(some.pop3(std::string{hello}
                        + "+OK\r\n1 1\r\n2 1\r\n.\r\n+OK\r\n1 a\r\n2 b\r\n.\r\n+OK\r\nx\r\n.\r\n+OK\r\n"),
              "");
    EXPECT_EQ(some.sink.messages.size(), 1u);
}

constexpr const char* imap_hello =
    "* OK ready\r\n* CAPABILITY IMAP4rev1 UIDPLUS\r\np1 OK\r\np2 OK in\r\n* CAPABILITY IMAP4rev1 "
    "UIDPLUS\r\np3 OK\r\n"
    "* 3 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\np4 OK\r\n";

TEST(ImapFetch, FetchesAboveTheLastUidAndDeletes) {
    Retrieval r;
    r.connection.keep = false;
    r.sink.state.uid_validity = 5;
    r.sink.state.last_uid = 4;
    EXPECT_EQ(r.imap(std::string{imap_hello}
                     + "* SEARCH 4 9\r\np5 OK\r\n* 3 FETCH (RFC822.SIZE 5 UID 9)\r\np6 OK\r\n"
                       "* 3 FETCH (UID 9 BODY[] {5}\r\nab\r\nc FLAGS ())\r\np7 OK\r\np8 OK\r\np9 OK\r\n"),
              "");
    ASSERT_EQ(r.sink.messages.size(), 1u);
    EXPECT_EQ(r.sink.messages[0], "ab\r\nc");
    EXPECT_EQ(r.sink.saved.last_uid, 9u);
    EXPECT_EQ(
        r.said,
        "p1 CAPABILITY\r\np2 LOGIN \"ann\" \"secret\"\r\np3 CAPABILITY\r\np4 SELECT \"INBOX\"\r\n"
        "p5 UID SEARCH UID 5:* UNDELETED\r\np6 UID FETCH 9 (RFC822.SIZE)\r\np7 UID FETCH 9 (BODY.PEEK[])\r\n"
        "p8 UID STORE 9 +FLAGS.SILENT (\\Deleted)\r\np9 UID EXPUNGE 1:9\r\np999999 LOGOUT\r\n");
}

TEST(ImapFetch, BeginsAnewWhenTheUidsAreOthers) {
    Retrieval r;
    r.sink.state.uid_validity = 4;
    r.sink.state.last_uid = 100;
    EXPECT_EQ(r.imap(std::string{imap_hello} + "* SEARCH\r\np5 OK\r\n"), "");
    EXPECT_EQ(r.sink.saved.uid_validity, 5u);
    EXPECT_EQ(r.sink.saved.last_uid, 0u);
    EXPECT_NE(r.said.find("EXAMINE"), std::string::npos);
    EXPECT_NE(r.said.find("UID SEARCH UID 1:* UNDELETED"), std::string::npos);
}

TEST(ImapFetch, HostileServersEndTheRetrieval) {
    const std::pair<std::string, const char*> cases[] = {
        {"+OK POP3\r\n", "does not speak IMAP"},
        {"* BYE go away\r\n", "go away"},
        {"* OK\r\n* CAPABILITY LOGINDISABLED\r\np1 OK\r\n", "without TLS"},
        {"* OK\r\n* X {99999999}\r\n", "more than it announced"},
        {"* OK\r\n+ what\r\n", "waits for more"},
        {std::string{imap_hello}
             + "* SEARCH 1\r\np5 OK\r\n* 1 FETCH (UID 1 RFC822.SIZE 5)\r\np6 OK\r\n* 1 FETCH (UID 1 BODY[] "
               "{2000000}\r\n",
         "more than"},
    };
    for (const auto& [script, problem] : cases) {
        Retrieval r;
        r.limits.message = 1 << 20;
        EXPECT_NE(r.imap(script).find(problem), std::string::npos) << problem << " " << r.said;
    }
}

}  // namespace
}  // namespace postrider::rpop
