#include <gtest/gtest.h>

#include <set>

#include "connection.h"
#include "corpus.h"
#include "imap_client.h"

namespace postrider::bench {
namespace {

/// What makes a text safe to send after DATA as it is: CRLF only, no line that begins with a dot, short
/// lines.
void expect_sendable(std::string_view text) {
    ASSERT_TRUE(text.ends_with("\r\n"));
    std::size_t line = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n') {
            ASSERT_TRUE(i > 0 && text[i - 1] == '\r') << "a bare LF at " << i;
            ASSERT_LE(i - line, 998u);
            line = i + 1;
        }
        if (text[i] == '\r') {
            ASSERT_EQ(text[i + 1], '\n') << "a bare CR at " << i;
        }
        if (i == line) {
            ASSERT_NE(text[i], '.');
        }
        ASSERT_LT(static_cast<unsigned char>(text[i]), 0x80);
    }
}

TEST(FixedMessages, AreOfTheSizeAskedForAndAllDifferent) {
    for (std::size_t size : {1000u, 4096u, 51200u, 1048576u}) {
        FixedMessages messages{size, 1};
        std::set<std::string> seen;
        for (std::uint64_t number = 0; number < 300; number += 7) {
            std::string whole{messages.header(number)};
            whole += messages.body(number);
            ASSERT_TRUE(whole.ends_with("\r\n.\r\n"));
            whole.resize(whole.size() - 3);
            EXPECT_EQ(whole.size(), size);
            expect_sendable(whole);
            EXPECT_TRUE(seen.insert(whole).second);
        }
    }
}

TEST(FixedMessages, DifferFromRunToRunBySeed) {
    FixedMessages one{4096, 1};
    FixedMessages two{4096, 2};
    FixedMessages again{4096, 1};
    EXPECT_NE(one.header(5), two.header(5));
    EXPECT_EQ(one.header(5), again.header(5));
    EXPECT_EQ(one.body(5), again.body(5));
}

TEST(MixedMessages, CanBeSentAsTheyAre) {
    MixedMessages messages{3};
    std::size_t total = 0;
    for (int i = 0; i < 300; ++i) {
        auto message = messages.next(200'000);
        expect_sendable(message);
        total += message.size();
    }
    EXPECT_GT(total, 300u * 4000);
}

TEST(MixedMessages, AreTheSameForTheSameSeed) {
    MixedMessages one{9};
    MixedMessages two{9};
    for (int i = 0; i < 50; ++i) EXPECT_EQ(one.next(50'000), two.next(50'000));
}

TEST(TakeLine, LeavesAnUnfinishedLine) {
    std::string_view input = "250 ok\r\n354";
    EXPECT_EQ(take_line(input), "250 ok");
    EXPECT_EQ(take_line(input), std::nullopt);
    EXPECT_EQ(input, "354");
}

TEST(ImapOptions, QuotePasswords) {
    ImapOptions options;
    options.password = R"(a"b\c)";
    EXPECT_EQ(options.quoted_password(), R"("a\"b\\c")");
}

}  // namespace
}  // namespace postrider::bench
