#include "managesieve/wire/command_reader.h"

#include <gtest/gtest.h>

#include "managesieve/wire/words.h"

namespace postrider::managesieve {
namespace {

using State = CommandReader::State;

TEST(CommandReader, ReadsWordsStringsAndNumbers) {
    CommandReader reader;
    ASSERT_EQ(reader.line("HAVESPACE \"my \\\"script\\\\\" 99999"), State::done);
    ASSERT_EQ(reader.tokens().size(), 3u);
    EXPECT_EQ(reader.tokens()[0].text, "HAVESPACE");
    EXPECT_EQ(reader.tokens()[1].text, "my \"script\\");
    EXPECT_EQ(reader.tokens()[2].number, 99999u);
}

TEST(CommandReader, WaitsForLiterals) {
    CommandReader reader;
    ASSERT_EQ(reader.line("PUTSCRIPT {3+}"), State::literal);
    EXPECT_EQ(reader.literal_size(), 3u);
    reader.literal("foo");
    ASSERT_EQ(reader.line(" {5+}"), State::literal);
    reader.literal("keep;");
    ASSERT_EQ(reader.line(""), State::done);
    ASSERT_EQ(reader.tokens().size(), 3u);
    EXPECT_EQ(reader.tokens()[2].text, "keep;");
}

TEST(CommandReader, RefusesWhatIsNoCommand) {
    for (std::string_view text :
         {"", " ", "A  B", "A ", "A \"open", "A \"x\"y", "A {3}", "A {+}", "A {3+} x", "A {99999999999+}",
          "A \x01", "A 99999999999999999999", "A \"\xff\"", "A B C D E F G H I"}) {
        CommandReader reader;
        EXPECT_EQ(reader.line(text), State::bad) << text;
        EXPECT_FALSE(reader.problem().empty());
    }
}

TEST(Words, StringsAreQuotedWhereTheyCanBe) {
    EXPECT_EQ(to_string("a \"b\" \\"), "\"a \\\"b\\\" \\\\\"");
    EXPECT_EQ(to_string("a\r\nb"), "{4}\r\na\r\nb");
    EXPECT_EQ(to_string(std::string(2000, 'x')).substr(0, 8), "{2000}\r\n");
    EXPECT_EQ(reply("NO", "QUOTA/MAXSIZE", "Too large"), "NO (QUOTA/MAXSIZE) \"Too large\"\r\n");
    EXPECT_EQ(reply("OK", "", ""), "OK\r\n");
}

}  // namespace
}  // namespace postrider::managesieve
