#include "observe/log.h"

#include <gtest/gtest.h>

#include "observe/line.h"
#include "observe/mask.h"
#include "observe/memory_log.h"

namespace postrider::observe {
namespace {

struct Counted {
    int* formatted;
};

}  // namespace
}  // namespace postrider::observe

template <>
struct fmt::formatter<postrider::observe::Counted> {
    constexpr auto parse(format_parse_context& context) { return context.begin(); }
    template <class Context>
    auto format(const postrider::observe::Counted& value, Context& context) const {
        ++*value.formatted;
        return fmt::format_to(context.out(), "counted");
    }
};

namespace postrider::observe {
namespace {

std::string escaped(std::string_view text) {
    std::string out;
    append_escaped(out, text);
    return out;
}

TEST(Logger, FormatsNothingWhenItsLevelIsOff) {
    MemoryLog log{"IMAP", 7};
    int formatted = 0;
    log.logger().info(SessionId{1}, "{}", Counted{&formatted});
    EXPECT_EQ(formatted, 0);
    log.logger().warning(SessionId{1}, "{}", Counted{&formatted});
    EXPECT_EQ(formatted, 1);
    EXPECT_EQ(log.lines(), std::vector<std::string>{"IMAP:00000001: counted"});
}

TEST(Logger, SaysNothingWhenItWasNotGivenOut) {
    Logger none;
    none.critical({}, "nobody hears {}", 1);
    EXPECT_FALSE(none.on(Level::critical));
}

TEST(Logger, PrintsSessionAndQueueIdsAsUpperCaseHex) {
    MemoryLog log{"PROCESSING"};
    log.logger().info(QueueId{0x20d2fb}, "Start processing mail");
    log.logger().write(Level::info, {}, "none");
    EXPECT_EQ(log.lines()[0], "PROCESSING:0020D2FB: Start processing mail");
    EXPECT_EQ(log.lines()[1], "PROCESSING:00000000: none");
}

TEST(Logger, ShowsTheDialogueWithSecretsMasked) {
    MemoryLog log{"POP3"};
    log.logger().sent(SessionId{2}, "+OK ready");
    log.logger().received(SessionId{2}, "PASS tanstaaf");
    EXPECT_EQ(log.lines()[0], "POP3:00000002: >> +OK ready");
    EXPECT_EQ(log.lines()[1], "POP3:00000002: << PASS ***");
}

TEST(Logger, WritesLoginsToTheSecurityLog) {
    MemoryLog log{"IMAP"};
    log.logger().login(SessionId{3}, {"192.0.2.1", "bob@example.org", "PLAIN", false});
    EXPECT_EQ(log.lines()[0],
              "SECURITY:00000003: IMAP login failed from [192.0.2.1] account 'bob@example.org' method PLAIN");
}

TEST(Mask, HidesWhatFollowsCommandsThatLogIn) {
    struct Case {
        std::string_view line, shown;
    };
    constexpr Case cases[] = {
        {"AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=", "AUTH PLAIN ***"},  // RFC 4954 §4.1
        {"auth plain dGVzdAB0ZXN0ADEyMzQ=", "auth plain ***"},
        {"AUTH DIGEST-MD5", "AUTH DIGEST-MD5"},  // nothing secret yet
        {"A01 AUTHENTICATE PLAIN AHQAcA==", "A01 AUTHENTICATE PLAIN ***"},
        {"AUTHENTICATE \"PLAIN\" \"AHQAcA==\"", "AUTHENTICATE \"PLAIN\" ***"},  // RFC 5804 §2.1
        {"a001 LOGIN SMITH SESAME", "a001 LOGIN SMITH ***"},                    // RFC 9051 §6.2.3
        {"a001 login \"s m\" \"se same\"", "a001 login \"s m\" ***"},
        {"a001 LOGIN \"s\\\"m\" x", "a001 LOGIN \"s\\\"m\" ***"},
        {"a001 LOGIN {5}", "a001 LOGIN {5}"},
        {"PASS secret with blanks", "PASS ***"},
        {"  PASS x", "  PASS ***"},
        {"PASS LOGIN me", "PASS ***"},  // looks like a command after a tag
        {"PASS AUTHENTICATE PLAIN me", "PASS ***"},
        {"APOP mrose c4c9334bac560ecc979e58001b3e22fb", "APOP mrose ***"},
        {"MAIL FROM:<pass@example.org>", "MAIL FROM:<pass@example.org>"},
        {"a1 SELECT PASS", "a1 SELECT PASS"},
        {"", ""},
        {"a001 LOGIN \"never ends", "a001 LOGIN ***"},
        {"a001 LOGIN \"never ends\\\"", "a001 LOGIN ***"},
        {"a001 LOGIN \"", "a001 LOGIN ***"},
        {"a001 LOGIN {5}\r\nSMITH {6}\r\nSESAME", "a001 LOGIN {5}\r\nSMITH ***"},
    };
    for (const Case& c : cases) EXPECT_EQ(masked(c.line), c.shown) << c.line;
}

TEST(LogLine, KeepsOneEventOnOneLine) {
    EXPECT_EQ(escaped("a\r\nb\tc"), "a\\r\\nb\\tc");
    EXPECT_EQ(escaped(std::string_view{"\0\x1b[2J\x7f", 6}), "\\x00\\x1b[2J\\x7f");
    EXPECT_EQ(escaped("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
    EXPECT_EQ(escaped("\xc2\x9b\xc2\xa0\xc2"), "\\xc2\\x9b\xc2\xa0\xc2");
}

TEST(LogLine, IsCutWhenItIsVeryLong) {
    std::string out;
    append_rest(out, Level::info, "h", "M", {}, std::string(max_text + 1, 'x'));
    EXPECT_EQ(out.size(), std::string_view{"08 h M:00000000: "}.size() + max_text + 3);
    EXPECT_TRUE(out.ends_with("x..."));
}

TEST(LogLine, IsReadInPresentAndOldForm) {
    auto line = parse_line("2026-07-06 13:10:08 +0545 16 axigen SMTP-IN:002C2605: >> 250 OK\n");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->level, Level::protocol);
    EXPECT_EQ(line->host, "axigen");
    EXPECT_EQ(line->module, "SMTP-IN");
    EXPECT_EQ(line->id.value, 0x2c2605U);
    EXPECT_EQ(line->text, ">> 250 OK");
    EXPECT_EQ(std::chrono::system_clock::to_time_t(*line->time), 1783322708);  // 07:25:08 UTC

    line = parse_line("05-19 17:08:01 0300 08 johnd-l SMTP:00000005: connection accepted from [127.0.0.1]");
    ASSERT_TRUE(line);
    EXPECT_FALSE(line->time);
    EXPECT_EQ(line->module, "SMTP");

    line = parse_line("2026-07-06 13:10:08 -0100 mx IMAP:1: no level");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->level, Level::info);
    EXPECT_EQ(line->text, "no level");
}

TEST(LogLine, RefusesWhatIsNone) {
    for (std::string_view text :
         {"", "hello", "2026-07-06 13:10:08 +0545", "2026-07-06 13:10:08 +0545 08 host",
          "2026-07-06 13:10:08 +0545 08 host MODULE text", "2026-07-06 13:10:08 +0545 08 host :1: text",
          "2026-07-06 13:10:08 +0545 08 host M:xyz: text", "2026-07-06 13:10:08 +0545 08 host M: text",
          "2026-07-06 13:10:08 +054508 host M:1: text"}) {
        EXPECT_FALSE(parse_line(text)) << text;
    }
}

}  // namespace
}  // namespace postrider::observe
