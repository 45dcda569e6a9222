#include "smtp/wire/data_receiver.h"

#include <gtest/gtest.h>

#include <random>

namespace postrider::smtp {
namespace {

struct Received {
    std::string text;
    std::string rest;  ///< left for the next command
    bool done, bare, too_large;
};

Received receive(std::string_view octets, std::size_t piece, std::size_t limit = 1 << 20) {
    Received result;
    DataReceiver receiver{result.text, limit};
    while (!octets.empty() && !receiver.done()) {
        std::string_view now = octets.substr(0, piece);
        auto taken = receiver.take(now);
        octets.remove_prefix(taken);
    }
    result.rest = octets;
    result.done = receiver.done();
    result.bare = receiver.bare_newline();
    result.too_large = receiver.too_large();
    return result;
}

struct Case {
    const char* name;
    std::string_view octets, text, rest;
};

using namespace std::string_view_literals;
const Case cases[] = {
    {"a plain message", "Subject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n", "Subject: x\r\n\r\nbody\r\n", "QUIT\r\n"},
    {"an empty message", ".\r\nQUIT\r\n", "", "QUIT\r\n"},
    {"stuffed dots", "..\r\n..a\r\n.b\r\n.\r\n", ".\r\n.a\r\nb\r\n", ""},
    {"LF.LF is content", "a\n.\nMAIL\r\n.\r\n", "a\r\n.\r\nMAIL\r\n", ""},
    {"LF.CRLF is content", "a\n.\r\nMAIL\r\n.\r\n", "a\r\n.\r\nMAIL\r\n", ""},
    {"CR.CR is content", "a\r.\rMAIL\r\n.\r\n", "a\r\n.\r\nMAIL\r\n", ""},
    {"CR.CRLF is content", "a\r.\r\nMAIL\r\n.\r\n", "a\r\n.\r\nMAIL\r\n", ""},
    {"CRLF.CR is content", "a\r\n.\rMAIL\r\n.\r\n", "a\r\n\r\nMAIL\r\n", ""},
    {"CRLF.LF is content", "a\r\n.\nMAIL\r\n.\r\n", "a\r\n\r\nMAIL\r\n", ""},
    {"CRLF.CRCRLF is content", "a\r\n.\r\r\nMAIL\r\n.\r\n", "a\r\n\r\n\r\nMAIL\r\n", ""},
    {"NUL.CRLF is content", "a\r\n\0.\r\n.\r\n"sv, "a\r\n\0.\r\n"sv, ""},
    {"CRLF NUL.CRLF is content", "\0\r\n.\r\n"sv, "\0\r\n"sv, ""},
    {"CRCRLF", "a\r\r\nb\r\n.\r\n", "a\r\n\r\nb\r\n", ""},
};

TEST(DataReceiver, FindsOnlyTheOneEndOfDataWhateverThePieces) {
    for (const Case& c : cases)
        for (std::size_t piece : {1u, 2u, 3u, 5u, 1000u}) {
            auto result = receive(c.octets, piece);
            EXPECT_TRUE(result.done) << c.name << " in pieces of " << piece;
            EXPECT_EQ(result.text, c.text) << c.name << " in pieces of " << piece;
            EXPECT_EQ(result.rest, c.rest) << c.name << " in pieces of " << piece;
        }
}

TEST(DataReceiver, FindsInWholeBlocksWhatItFindsOctetByOctet) {
    std::mt19937 random{7};
    const std::string_view pieces[] = {"\r\n", "\r\n.", "\r\n..", "\n", "\r", ".", "\r\n\r\n", "\r\n.x\r\n"};
    for (int round = 0; round < 2000; ++round) {
        std::string octets;
        while (octets.size() < 300) {
            octets.append(random() % 40, 'x');
            octets += random() % 8 != 0 ? "\r\n" : pieces[random() % std::size(pieces)];
        }
        octets += "\r\n.\r\nQUIT\r\n";
        const auto slow = receive(octets, 1), fast = receive(octets, octets.size());
        EXPECT_EQ(fast.text, slow.text);
        EXPECT_EQ(fast.rest, slow.rest);
        EXPECT_EQ(fast.bare, slow.bare);
        EXPECT_TRUE(fast.done);
    }
}

TEST(DataReceiver, ReadsATooLargeMessageToItsEndWithoutKeepingIt) {
    std::string message;
    for (int i = 0; i < 1000; ++i) message += "0123456789\r\n";
    auto result = receive(message + ".\r\nNOOP\r\n", 64, 500);
    EXPECT_TRUE(result.done);
    EXPECT_TRUE(result.too_large);
    EXPECT_EQ(result.text, "");
    EXPECT_EQ(result.rest, "NOOP\r\n");
}

TEST(NormalizeNewlines, LeavesNoBareOnes) {
    std::string text = "a\nb\rc\r\nd\n\r\n\r";
    EXPECT_TRUE(normalize_newlines(text));
    EXPECT_EQ(text, "a\r\nb\r\nc\r\nd\r\n\r\n\r\n");
    EXPECT_FALSE(normalize_newlines(text));
}

}  // namespace
}  // namespace postrider::smtp
