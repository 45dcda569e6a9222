#include "filter/scan/rspamd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filter/scan/http.h"
#include "filter/scan/test_scanner.h"

namespace postrider::filter {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* gtube =
    R"({"is_skipped":false,"score":1000.5,"required_score":15.0,"action":"reject",)"
    R"("symbols":{"GTUBE":{"name":"GTUBE","score":0.0},"R_SPF_NA":{"score":1}},)"
    R"("milter":{"add_headers":{"X-Spam":{"value":"Yes","order":1},"X-Two":["a",{"value":"b"}]}}})";

TEST(RspamdReply, ActionScoreSymbolsAndHeadersAreRead) {
    const auto finding = parse_rspamd_reply(gtube);
    ASSERT_TRUE(finding);
    EXPECT_EQ(finding->kind, Finding::Kind::match);
    EXPECT_EQ(finding->spam_level, 10U);
    EXPECT_EQ(finding->text, "reject; 1000.5 / 15.0 GTUBE,R_SPF_NA");
    EXPECT_EQ(finding->headers, (std::vector<std::pair<std::string, std::string>>{
                                    {"X-Spam", "Yes"}, {"X-Two", "a"}, {"X-Two", "b"}}));
}

TEST(RspamdReply, NothingFromItMakesASecondHeaderLine) {
    const auto finding = parse_rspamd_reply(
        R"({"score":1,"required_score":15,"action":"no action","milter":{"add_headers":{"X-A":"b\r\nX-C: d","X:y":"e"}}})");
    ASSERT_TRUE(finding);
    EXPECT_EQ(finding->headers, (std::vector<std::pair<std::string, std::string>>{{"X-A", "b  X-C: d"}}));
}

TEST(RspamdReply, ActionsSayWhatIsAMatch) {
    const auto kind = [](const std::string& action) {
        const auto finding =
            parse_rspamd_reply(R"({"score":7,"required_score":15,"action":")" + action + "\"}");
        return finding ? static_cast<int>(finding->kind) : -1;
    };
    EXPECT_EQ(kind("no action"), static_cast<int>(Finding::Kind::pass));
    EXPECT_EQ(kind("greylist"), static_cast<int>(Finding::Kind::pass));
    EXPECT_EQ(kind("add header"), static_cast<int>(Finding::Kind::match));
    EXPECT_EQ(kind("rewrite subject"), static_cast<int>(Finding::Kind::match));
    EXPECT_EQ(kind("soft reject"), -1);
    EXPECT_EQ(kind("dance"), -1);
}

TEST(RspamdReply, WhatIsNoAnswerIsTrouble) {
    for (const char* reply : {"", "{", "[]", "null", "{\"error\":\"busy\"}", "{\"score\":1}",
                              R"({"score":"1","required_score":15,"action":"reject"})",
                              R"({"score":1e999,"required_score":15,"action":"reject"})"})
        EXPECT_FALSE(parse_rspamd_reply(reply)) << reply;
    EXPECT_FALSE(parse_rspamd_reply(std::string(100'000, '[')));
    std::string deep = R"({"score":1,"required_score":15,"action":"no action","x":)";
    for (int i = 0; i < 1000; ++i) deep += "{\"a\":";
    EXPECT_FALSE(parse_rspamd_reply(deep + "1" + std::string(1001, '}')));
}

TEST(RspamdRequest, CarriesTheEnvelopeAndNoLineEndOfIt) {
    Subject subject = test_subject("hello");
    subject.helo = "evil\r\nPass: all";
    const std::string request = rspamd_request(subject, "localhost");
    EXPECT_THAT(request, HasSubstr("Content-Length: 5\r\n"));
    EXPECT_THAT(request,
                HasSubstr("From: alice@example.org\r\nRcpt: bob@example.com\r\nRcpt: carol@example.com\r\n"));
    EXPECT_THAT(request, HasSubstr("Queue-Id: 20D2FB\r\n"));
    EXPECT_THAT(request, HasSubstr("Helo: evilPass: all\r\n"));
    EXPECT_TRUE(request.ends_with("\r\n\r\n"));
}

TEST(HttpHead, TwoLengthsAreNone) {
    EXPECT_TRUE(parse_http_head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
    EXPECT_FALSE(parse_http_head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"));
    EXPECT_FALSE(
        parse_http_head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"));
    EXPECT_FALSE(parse_http_head("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"));
    EXPECT_FALSE(parse_http_head("SPAMD/1.1 0 EX_OK\r\n\r\n"));
}

TEST(HttpChunks, AreDecodedWholeAndInPieces) {
    const std::string octets = "4\r\nWiki\r\n6;x=y\r\npedia \r\n0\r\n\r\nnext";
    Chunked whole;
    decode_chunks(octets, whole);
    EXPECT_EQ(whole.state, Chunked::State::done);
    EXPECT_EQ(whole.body, "Wikipedia ");
    EXPECT_EQ(octets.substr(whole.taken), "next");
    Chunked pieces;
    for (std::size_t i = 0; i <= octets.size(); ++i) decode_chunks(octets.substr(0, i), pieces);
    EXPECT_EQ(pieces.body, whole.body);
    Chunked bad;
    decode_chunks("4\r\nWikixx0\r\n\r\n", bad);
    EXPECT_EQ(bad.state, Chunked::State::nonsense);
}

TEST(Rspamd, ConnectionsAreUsedAgainWhenItSaysSo) {
    ScriptedScanner scanner{[](ScannerEnd& end, int) {
        while (!end.hear_until("\r\n\r\n").empty()) {
            if (end.hear(5).size() < 5) return;
            const std::string body = gtube;
            end.say("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: "
                    + std::to_string(body.size()) + "\r\n\r\n" + body);
        }
    }};
    {
        RspamdConnector rspamd{scanner.address(), {}, {}};
        for (int i = 0; i < 3; ++i) EXPECT_EQ(rspamd.ask(test_subject("hello"))->kind, Finding::Kind::match);
        EXPECT_EQ(scanner.connections(), 1);
    }
}

TEST(Rspamd, HalfAnAnswerIsNone) {
    ScriptedScanner scanner{[](ScannerEnd& end, int) {
        end.hear_until("hello");
        end.say("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"score\":1");
    }};
    RspamdConnector rspamd{scanner.address(), {}, {}};
    EXPECT_EQ(rspamd.ask(test_subject("hello")).error().kind, Trouble::Kind::closed);
}

TEST(Rspamd, AnAnswerOfGigabytesIsNotRead) {
    ScriptedScanner scanner{[](ScannerEnd& end, int) {
        end.hear_until("hello");
        end.say("HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n");
        end.hear_all();
    }};
    RspamdConnector rspamd{scanner.address(), {}, {}};
    EXPECT_EQ(rspamd.ask(test_subject("hello")).error().kind, Trouble::Kind::nonsense);
}

}  // namespace
}  // namespace postrider::filter
