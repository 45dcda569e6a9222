#include "filter/scan/clamd.h"

#include <gtest/gtest.h>

#include "filter/scan/test_scanner.h"

namespace postrider::filter {
namespace {

using namespace std::string_literals;
using namespace std::chrono_literals;

/// The octets of one INSTREAM with its length prefixes taken off.
std::string hear_stream(ScannerEnd& end) {
    std::string message;
    for (;;) {
        const std::string length = end.hear(4);
        if (length.size() < 4) return "cut";
        std::size_t count = 0;
        for (unsigned char c : length) count = count << 8 | c;
        if (count == 0) return message;
        message += end.hear(count);
    }
}

/// For scanners that answer, however busy the machine is.
ScanOptions patient() {
    ScanOptions options;
    options.connect = options.step = options.whole = 60s;
    return options;
}
/// For those that do not.
ScanOptions quick() {
    ScanOptions options = patient();
    options.step = 300ms;
    options.whole = 2s;
    return options;
}

TEST(ClamdReply, OkIsLevelOneAndFoundIsLevelFive) {
    const auto clean = parse_clamd_reply("1: stream: OK");
    ASSERT_TRUE(clean);
    EXPECT_EQ(clean->kind, Finding::Kind::pass);
    EXPECT_EQ(clean->virus_level, 1U);
    const auto infected = parse_clamd_reply("stream: Win.Test.EICAR_HDB-1 FOUND");
    ASSERT_TRUE(infected);
    EXPECT_EQ(infected->kind, Finding::Kind::match);
    EXPECT_EQ(infected->virus_level, 5U);
    EXPECT_EQ(infected->text, "stream: Win.Test.EICAR_HDB-1 FOUND");
}

TEST(ClamdReply, AnythingElseIsTrouble) {
    for (const char* reply : {"", "OK", "stream: ", "stream: maybe", "1: INSTREAM size limit exceeded. ERROR",
                              "UNKNOWN COMMAND", "2: stream:  FOUND", "\x01\x02"})
        EXPECT_FALSE(parse_clamd_reply(reply)) << reply;
}

TEST(Clamd, OneConnectionServesManyMessages) {
    std::vector<std::string> heard;
    ScriptedScanner scanner{[&](ScannerEnd& end, int) {
        heard.push_back(end.hear_until("zIDSESSION\0"s));
        for (int i = 1; i <= 2; ++i) {
            heard.push_back(end.hear_until("zINSTREAM\0"s));
            heard.push_back(hear_stream(end));
            end.say(std::to_string(i) + ": stream: " + (i == 1 ? "OK" : "Eicar FOUND") + "\0"s);
        }
        end.hear(1);
    }};
    {
        ClamdConnector clamd{scanner.address(), {}, patient()};
        const std::string large(3'000'000, 'x');
        EXPECT_EQ(clamd.ask(test_subject("Subject: a\r\n\r\nfirst\r\n"))->kind, Finding::Kind::pass);
        EXPECT_EQ(clamd.ask(test_subject(large))->kind, Finding::Kind::match);
        EXPECT_EQ(scanner.connections(), 1);
        EXPECT_EQ(heard[2], "Subject: a\r\n\r\nfirst\r\n");
        EXPECT_EQ(heard[4], large);
    }
}

TEST(Clamd, AnOldConnectionThatWasClosedIsReplacedByANewOne) {
    ScriptedScanner scanner{[&](ScannerEnd& end, int) {
        end.hear_until("zINSTREAM\0"s);
        hear_stream(end);
        end.say("1: stream: OK\0"s);
        // and closes
    }};
    ClamdConnector clamd{scanner.address(), {}, patient()};
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(clamd.ask(test_subject("a")));
    EXPECT_EQ(scanner.connections(), 3);
}

TEST(Clamd, AScannerThatHangsIsLeftAfterItsTime) {
    ScriptedScanner scanner{[](ScannerEnd& end, int) { end.hear_all(); }};
    ClamdConnector clamd{scanner.address(), {}, quick()};
    const auto finding = clamd.ask(test_subject("a"));
    ASSERT_FALSE(finding);
    EXPECT_EQ(finding.error().kind, Trouble::Kind::silent);
}

TEST(Clamd, OneOctetAtATimeDoesNotExtendTheWholeTime) {
    std::atomic<bool> enough = false;
    ScriptedScanner scanner{[&](ScannerEnd& end, int) {
        end.hear_until("zINSTREAM\0"s);
        while (!enough && end.say("x")) std::this_thread::sleep_for(20ms);
    }};
    ScanOptions options = patient();  // no step takes too long, but all together do
    options.whole = 600ms;
    ClamdConnector clamd{scanner.address(), {}, options};
    EXPECT_EQ(clamd.ask(test_subject("a")).error().kind, Trouble::Kind::silent);
    enough = true;
}

TEST(Clamd, AVerdictThatComesBeforeTheMessageWasReadIsNotBelieved) {
    ScriptedScanner scanner{[](ScannerEnd& end, int) {
        end.hear_until("zINSTREAM\0"s);
        end.say("1: stream: OK\0"s);
        // and closes, with the message unread
    }};
    ClamdConnector clamd{scanner.address(), {}, patient()};
    const std::string large(20'000'000, 'x');
    EXPECT_FALSE(clamd.ask(test_subject(large)));
}

TEST(Clamd, ASizeLimitThatTheMessagePassesIsSaid) {
    ScriptedScanner scanner{[](ScannerEnd& end, int) {
        end.hear_until("zINSTREAM\0"s);
        end.hear(10);
        end.say("1: INSTREAM size limit exceeded. ERROR\0"s);
        end.hear_all();  // so that no reset overtakes what was said
    }};
    ClamdConnector clamd{scanner.address(), {}, patient()};
    const auto finding = clamd.ask(test_subject("a small one\r\n"));
    ASSERT_FALSE(finding);
    EXPECT_EQ(finding.error().text, "INSTREAM size limit exceeded. ERROR");
}

TEST(Clamd, AnEndlessAnswerIsCutOff) {
    ScriptedScanner scanner{[](ScannerEnd& end, int) {
        end.hear_until("zINSTREAM\0"s);
        for (int i = 0; i < 100; ++i) end.say(std::string(1000, 'x'));
    }};
    ClamdConnector clamd{scanner.address(), {}, patient()};
    const auto finding = clamd.ask(test_subject("a"));
    ASSERT_FALSE(finding);
    EXPECT_NE(finding.error().kind, Trouble::Kind::silent);
}

TEST(Clamd, NobodyListeningIsUnreachable) {
    ClamdConnector local{{"", 0, "/nonexistent/clamd.ctl"}, {}, quick()};
    EXPECT_EQ(local.ask(test_subject("a")).error().kind, Trouble::Kind::unreachable);
    EXPECT_FALSE(local.ping());
}

TEST(Clamd, NoMoreConnectionsThanAllowed) {
    std::atomic<int> open = 0, most = 0;
    ScriptedScanner scanner{[&](ScannerEnd& end, int) {
        end.hear_until("zIDSESSION\0"s);
        for (int i = 1; !end.hear_until("zINSTREAM\0"s).empty(); ++i) {
            most = std::max<int>(most, ++open);
            hear_stream(end);
            std::this_thread::sleep_for(20ms);
            --open;
            end.say(std::to_string(i) + ": stream: OK\0"s);
        }
    }};
    {
        ConnectionPool::Limits limits;
        limits.connections = 2;
        ClamdConnector clamd{scanner.address(), limits, patient()};
        std::vector<std::thread> threads;
        std::atomic<int> passed = 0;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&] { passed += clamd.ask(test_subject("a")).has_value() ? 1 : 0; });
        for (auto& thread : threads) thread.join();
        EXPECT_EQ(passed, 8);
        EXPECT_EQ(most, 2);
        EXPECT_EQ(scanner.connections(), 2);
    }
}

}  // namespace
}  // namespace postrider::filter
