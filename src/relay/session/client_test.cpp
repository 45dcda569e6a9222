#include <gtest/gtest.h>

#include "auth/sasl_client.h"
#include "net/fake_stream.h"
#include "net/run_task.h"
#include "observe/memory_log.h"
#include "relay/session/client.h"

namespace postrider::relay {
namespace {

using delivery::Fate;
using net::FakeStream;
using net::SessionEnd;

/// A client whose server says what the script says.
struct Talk {
    explicit Talk(std::string script) {
        auto owned = std::make_unique<FakeStream>();
        stream = owned.get();
        stream->peer_endpoint = {"192.0.2.25", 25};
        if (!script.empty()) stream->feed(std::move(script));
        Client::Options options;
        options.helo = "us.example";
        options.host = "mx.example.net";
        options.id = SessionId{7};
        options.log = log.logger();
        client = std::make_unique<Client>(std::move(owned), std::move(options));
    }
    std::optional<Trouble> greet() { return net::run_task(client->greet()); }
    Client::Result send(const std::vector<std::string>& to,
                        const std::string& message = "Subject: x\r\n\r\nhi\r\n") {
        delivery::Consignment consignment;
        auto entry = std::make_shared<queue::Entry>();
        entry->id = QueueId{0xABCDEF};
        entry->envelope.reverse_path = {"a", "example.org"};
        for (const std::string& address : to) {
            queue::Recipient recipient;
            recipient.address = *mime::parse_addr_spec(address);
            consignment.recipients.push_back(entry->envelope.recipients.size());
            entry->envelope.recipients.push_back(recipient);
        }
        entry->envelope.body = body;
        entry->envelope.smtputf8 = smtputf8;
        const auto content =
            Content::of(std::make_shared<const std::string>(message), body == queue::BodyType::binary);
        consignment.entry = entry;
        Draft draft =
            make_draft(consignment, entry->envelope.reverse_path, content, client->offers(), 100, Time{});
        stream->take_output();
        return net::run_task(client->send(entry->id, entry->envelope, std::move(draft)));
    }
    std::string output() { return stream->output(); }

    observe::MemoryLog log{"SMTP-OUT"};
    FakeStream* stream;
    std::unique_ptr<Client> client;
    queue::BodyType body = queue::BodyType::seven_bit;
    bool smtputf8 = false;
};

constexpr const char* plain_hello = "220 mx ESMTP\r\n250 mx\r\n";
constexpr const char* piped_hello =
    "220 mx ESMTP\r\n250-mx\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250 PIPELINING\r\n";
constexpr const char* chunk_hello =
    "220 mx ESMTP\r\n250-mx\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 "
    "PIPELINING\r\n";

std::string of(const Client::Result& result, std::size_t recipient) {
    for (const Fate& fate : result.fates)
        if (fate.recipient == recipient)
            return std::string{fate.kind == Fate::Kind::sent        ? "sent "
                               : fate.kind == Fate::Kind::permanent ? "permanent "
                                                                    : "temporary "}
                   + fate.status;
    return "untried";
}

TEST(Client, FallsBackToHelo) {
    Talk talk{"220 mx\r\n502 what?\r\n250 mx\r\n"};
    EXPECT_FALSE(talk.greet());
    EXPECT_EQ(talk.output(), "EHLO us.example\r\nHELO us.example\r\n");
    EXPECT_FALSE(talk.client->offers().pipelining);
}

TEST(Client, SendsOneCommandAtATimeWithoutPipelining) {
    Talk talk{std::string{plain_hello} + "250 ok\r\n250 ok\r\n550 5.1.1 no\r\n354 go\r\n250 2.0.0 taken\r\n"};
    ASSERT_FALSE(talk.greet());
    const auto result = talk.send({"b@example.net", "c@example.net"}, "Subject: x\r\n\r\n.dot\r\n");
    EXPECT_EQ(talk.output(),
              "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nRCPT TO:<c@example.net>\r\nDATA\r\n"
              "Subject: x\r\n\r\n..dot\r\n.\r\n");
    EXPECT_EQ(of(result, 0), "sent 2.0.0");
    EXPECT_EQ(of(result, 1), "permanent 5.1.1");
    EXPECT_FALSE(result.trouble);
    EXPECT_TRUE(talk.client->usable());
    EXPECT_TRUE(talk.log.contains("SMTP-OUT:00000007: << 550 5.1.1 no"));
    EXPECT_TRUE(talk.log.contains("Relaying mail ABCDEF to mx.example.net"));
}

TEST(Client, SendsTheEnvelopeAtOnceWithPipelining) {
    Talk talk{std::string{piped_hello} + "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n"};
    ASSERT_FALSE(talk.greet());
    const auto result = talk.send({"b@example.net", "c@example.net"});
    EXPECT_EQ(
        talk.output(),
        "MAIL FROM:<a@example.org> SIZE=18\r\nRCPT TO:<b@example.net>\r\nRCPT TO:<c@example.net>\r\nDATA\r\n"
        "Subject: x\r\n\r\nhi\r\n.\r\n");
    EXPECT_EQ(of(result, 0), "sent 2.0.0");
    EXPECT_EQ(of(result, 1), "sent 2.0.0");
}

TEST(Client, SendsAllInOneGroupWithChunking) {
    Talk talk{std::string{chunk_hello} + "250 ok\r\n250 ok\r\n250 taken\r\n"};
    ASSERT_FALSE(talk.greet());
    talk.body = queue::BodyType::binary;
    const auto result = talk.send({"b@example.net"}, "X: y\r\n\r\n.\n\r\n");
    EXPECT_EQ(talk.output(),
              "MAIL FROM:<a@example.org> BODY=BINARYMIME\r\nRCPT TO:<b@example.net>\r\nBDAT 12 LAST\r\n"
              "X: y\r\n\r\n.\n\r\n");
    EXPECT_EQ(of(result, 0), "sent 2.0.0");
}

TEST(Client, EndsAnEmptyMessageThatNobodyWillGet) {
    // RFC 2920 §3.1: DATA has gone out with the recipients, and the server waits for a message.
    Talk talk{std::string{piped_hello} + "250 ok\r\n550 no\r\n354 go\r\n554 no recipients\r\n"
              + "250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n"};
    ASSERT_FALSE(talk.greet());
    EXPECT_EQ(of(talk.send({"b@example.net"}), 0), "permanent 5.0.0");
    EXPECT_TRUE(talk.output().ends_with("DATA\r\n.\r\n"));
    EXPECT_EQ(of(talk.send({"c@example.net"}), 0), "sent 2.0.0");
    EXPECT_TRUE(talk.output().starts_with("RSET\r\nMAIL FROM:")) << talk.output();
}

TEST(Client, GivesEachRecipientTheReplyToMail) {
    Talk talk{std::string{piped_hello} + "451 4.3.0 later\r\n503 x\r\n503 x\r\n503 x\r\n"};
    ASSERT_FALSE(talk.greet());
    const auto result = talk.send({"b@example.net", "c@example.net"});
    EXPECT_EQ(of(result, 0), "temporary 4.3.0");
    EXPECT_EQ(of(result, 1), "temporary 4.3.0");
    EXPECT_TRUE(talk.client->usable());
}

TEST(Client, LeavesThoseForWhomThereWasNoRoomUntried) {
    // RFC 5321 §4.5.3.1.10
    Talk talk{std::string{piped_hello} + "250 ok\r\n250 ok\r\n452 4.5.3 too many\r\n354 go\r\n250 taken\r\n"};
    ASSERT_FALSE(talk.greet());
    const auto result = talk.send({"b@example.net", "c@example.net"});
    EXPECT_EQ(of(result, 0), "sent 2.0.0");
    EXPECT_EQ(of(result, 1), "untried");
    Talk none{std::string{piped_hello} + "250 ok\r\n452 4.5.3 too many\r\n503 no\r\n"};
    ASSERT_FALSE(none.greet());
    EXPECT_EQ(of(none.send({"b@example.net"}), 0), "temporary 4.5.3");
}

TEST(Client, TakesALostConnectionAfterTheFinalDotForAFailureForNow) {
    for (const auto reason : {SessionEnd::Reason::closed, SessionEnd::Reason::timeout}) {
        Talk talk{std::string{piped_hello} + "250 ok\r\n250 ok\r\n354 go\r\n"};
        talk.stream->end(reason);
        ASSERT_FALSE(talk.greet());
        const auto result = talk.send({"b@example.net"});
        EXPECT_EQ(of(result, 0), "temporary 4.4.2");
        EXPECT_TRUE(result.trouble);
        EXPECT_TRUE(result.answered);
        EXPECT_FALSE(talk.client->usable());
    }
}

TEST(Client, BelievesAReplyGivenBeforeTheConnectionWasLost) {
    Talk talk{std::string{piped_hello} + "250 ok\r\n550 5.1.1 no\r\n"};
    talk.stream->end(SessionEnd::Reason::closed);
    ASSERT_FALSE(talk.greet());
    const auto result = talk.send({"b@example.net", "c@example.net"});
    EXPECT_EQ(of(result, 0), "permanent 5.1.1");
    EXPECT_EQ(of(result, 1), "temporary 4.4.2");
}

TEST(Client, LeavesWhenTheServerSays421AtAnyMoment) {
    const std::string stages[] = {"421 4.3.2 bye\r\n", "250 ok\r\n421 bye\r\n",
                                  "250 ok\r\n250 ok\r\n421 bye\r\n",
                                  "250 ok\r\n250 ok\r\n354 go\r\n421 bye\r\n"};
    for (const std::string& stage : stages) {
        Talk talk{piped_hello + stage};
        ASSERT_FALSE(talk.greet());
        const auto result = talk.send({"b@example.net"});
        EXPECT_TRUE(of(result, 0).starts_with("temporary")) << stage << of(result, 0);
        EXPECT_TRUE(result.trouble) << stage;
        EXPECT_FALSE(talk.client->usable());
    }
    Talk talk{"421 busy\r\n"};
    EXPECT_TRUE(talk.greet());
}

TEST(Client, EndsAtGarbageAndEndlessReplies) {
    Talk garbage{"HTTP/1.1 400 Bad Request\r\n"};
    EXPECT_TRUE(garbage.greet());
    std::string endless = "220 mx\r\n";
    for (int i = 0; i < 10'000; ++i) endless += "250-and another\r\n";
    Talk talk{endless};
    EXPECT_TRUE(talk.greet());
    Talk line{"220 " + std::string(1 << 20, 'x')};
    EXPECT_TRUE(line.greet());
}

TEST(Client, DoesNotSendWhatTheServerSaysIsTooLarge) {
    Talk talk{piped_hello};
    ASSERT_FALSE(talk.greet());
    EXPECT_EQ(of(talk.send({"b@example.net"}, "X: y\r\n\r\n" + std::string(1000, 'x')), 0),
              "permanent 5.3.4");
    EXPECT_EQ(talk.output(), "");
}

TEST(Client, ConvertsWhatTheServerDoesNotTakeIn8Bit) {
    Talk talk{std::string{plain_hello} + "250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n"};
    ASSERT_FALSE(talk.greet());
    talk.body = queue::BodyType::eight_bit;
    EXPECT_EQ(of(talk.send({"b@example.net"}, "X: y\r\n\r\n\xc3\xb6\r\n"), 0), "sent 2.0.0");
    EXPECT_NE(talk.output().find("=C3=B6\r\n.\r\n"), std::string::npos);
    Talk sealed{plain_hello};
    ASSERT_FALSE(sealed.greet());
    EXPECT_EQ(
        of(sealed.send({"b@example.net"}, "Content-Type: multipart/signed; boundary=s\r\n\r\n\xc3\xb6\r\n"),
           0),
        "permanent 5.6.3");
}

TEST(Client, SendsWithoutSmtputf8WhatDoesNotNeedIt) {
    Talk talk{std::string{piped_hello} + "250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n"};
    ASSERT_FALSE(talk.greet());
    talk.smtputf8 = true;
    const auto result =
        talk.send({"b@b\xc3\xbc"
                   "cher.example",
                   "\xc3\xb6@example.net"});
    EXPECT_EQ(of(result, 0), "sent 2.0.0");
    EXPECT_EQ(of(result, 1), "permanent 5.6.7");
    EXPECT_NE(talk.output().find("RCPT TO:<b@xn--bcher-kva.example>\r\nDATA"), std::string::npos)
        << talk.output();
    Talk header{piped_hello};
    ASSERT_FALSE(header.greet());
    header.smtputf8 = true;
    EXPECT_EQ(of(header.send({"b@example.net"}, "Subject: \xc3\xb6\r\n\r\n"), 0), "permanent 5.6.7");
    Talk knows{std::string{chunk_hello} + "250 ok\r\n250 ok\r\n250 taken\r\n"};
    ASSERT_FALSE(knows.greet());
    knows.smtputf8 = true;
    EXPECT_EQ(of(knows.send({"\xc3\xb6@example.net"}, "Subject: \xc3\xb6\r\n\r\n"), 0), "sent 2.0.0");
    EXPECT_NE(knows.output().find("BODY=8BITMIME SMTPUTF8\r\n"), std::string::npos) << knows.output();
}

TEST(Client, LogsInWithoutShowingThePassword) {
    // RFC 4954 §4.1: PLAIN with an initial response; only over TLS.
    Talk talk{"220 mx\r\n250-mx\r\n250 AUTH PLAIN\r\n235 2.7.0 in\r\n"};
    talk.stream->is_secure = true;
    ASSERT_FALSE(talk.greet());
    EXPECT_FALSE(net::run_task(talk.client->log_in("user", "secret")));
    EXPECT_TRUE(talk.output().ends_with("AUTH PLAIN AHVzZXIAc2VjcmV0\r\n"));
    EXPECT_FALSE(talk.log.contains("AHVzZXIAc2VjcmV0"));
    Talk open{"220 mx\r\n250-mx\r\n250 AUTH PLAIN LOGIN\r\n"};
    ASSERT_FALSE(open.greet());
    const auto trouble = net::run_task(open.client->log_in("user", "secret"));
    ASSERT_TRUE(trouble);
    EXPECT_EQ(trouble->status, "4.7.8");
}

TEST(Client, AnswersAChallenge) {
    // RFC 2195 §2
    Talk talk{
        "220 mx\r\n250-mx\r\n250 AUTH CRAM-MD5\r\n"
        "334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n235 in\r\n"};
    ASSERT_FALSE(talk.greet());
    EXPECT_FALSE(net::run_task(talk.client->log_in("tim", "tanstaaftanstaaf")));
    EXPECT_TRUE(talk.output().ends_with("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n"));
    EXPECT_TRUE(talk.log.contains(">> ***"));
}

}  // namespace
}  // namespace postrider::relay
