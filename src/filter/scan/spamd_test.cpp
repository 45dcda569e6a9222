#include "filter/scan/spamd.h"

#include <gtest/gtest.h>

#include "filter/scan/test_scanner.h"

namespace postrider::filter {
namespace {

using namespace std::chrono_literals;

TEST(SpamdReply, ScoreAndThresholdBecomeALevel) {
    const auto spam = parse_spamd_reply(
        "SPAMD/1.1 0 EX_OK\r\nContent-length: 14\r\nSpam: True ; 1000.0 / 5.0\r\n\r\nGTUBE,NO_RELAY");
    ASSERT_TRUE(spam);
    EXPECT_EQ(spam->kind, Finding::Kind::match);
    EXPECT_EQ(spam->spam_level, 10U);
    EXPECT_EQ(spam->text, "Spam: True ; 1000.0 / 5.0 GTUBE,NO_RELAY");
    const auto ham = parse_spamd_reply("SPAMD/1.1 0 EX_OK\r\nSpam: False ; 4.9 / 5.0\r\n\r\n");
    ASSERT_TRUE(ham);
    EXPECT_EQ(ham->kind, Finding::Kind::pass);
    EXPECT_EQ(ham->spam_level, 5U);
    EXPECT_EQ(ham->text, "Spam: False ; 4.9 / 5.0");
}

TEST(SpamdReply, LiesAndHalvesAreTrouble) {
    for (const char* reply : {
             "",
             "SPAMD/1.1",
             "HTTP/1.1 200 OK\r\n\r\n",
             "SPAMD/1.1 0 EX_OK\r\n\r\n",
             "SPAMD/1.1 74 EX_IOERR\r\nSpam: False ; 1 / 5\r\n\r\n",
             "SPAMD/1.1 0 EX_OK\r\nSpam: False ; 4.9",
             "SPAMD/1.1 0 EX_OK\r\nSpam: Maybe ; 4.9 / 5.0\r\n\r\n",
             "SPAMD/1.1 0 EX_OK\r\nSpam: True ; nan / 5\r\n\r\n",
             "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 1e999 / 5\r\n\r\n",
             "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 4 5\r\n\r\n",
             "SPAMD/1.1 0 EX_OK\r\nContent-length: 30\r\nSpam: True ; 6 / 5\r\n\r\nGTU",
         })
        EXPECT_FALSE(parse_spamd_reply(reply)) << reply;
}

TEST(Spamd, SaysWhatTheProtocolAsks) {
    std::string heard;
    const std::string message = "Subject: x\r\n\r\nbody\r\n";
    ScriptedScanner scanner{[&](ScannerEnd& end, int) {
        heard = end.hear_all();
        end.say_each("SPAMD/1.1 0 EX_OK\r\nSpam: True ; 6 / 5\r\n\r\nX");
    }};
    SpamdConnector spamd{scanner.address(), {}, {}};
    const auto finding = spamd.ask(test_subject(message));
    ASSERT_TRUE(finding) << finding.error().text;
    EXPECT_EQ(finding->spam_level, 6U);
    EXPECT_EQ(heard, "SYMBOLS SPAMC/1.2\r\nContent-length: 20\r\n\r\n" + message);
}

TEST(Spamd, AnAnswerThatNeverEndsIsCutOff) {
    ScriptedScanner scanner{[&](ScannerEnd& end, int) {
        end.hear_all();
        for (int i = 0; i < 200; ++i) end.say(std::string(1000, 'x'));
    }};
    SpamdConnector spamd{scanner.address(), {}, {}};
    EXPECT_EQ(spamd.ask(test_subject("a")).error().kind, Trouble::Kind::nonsense);
}

TEST(Spamd, PingIsAnsweredByPong) {
    ScriptedScanner scanner{[&](ScannerEnd& end, int) {
        end.hear_until("\r\n\r\n");
        end.say("SPAMD/1.5 0 PONG\r\n");
    }};
    SpamdConnector spamd{scanner.address(), {}, {}};
    EXPECT_TRUE(spamd.ping());
}

}  // namespace
}  // namespace postrider::filter
