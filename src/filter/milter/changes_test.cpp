#include "filter/milter/changes.h"

#include <gtest/gtest.h>

namespace postrider::filter::milter {
namespace {

constexpr std::string_view original = "Received: a\r\nSubject: x\r\nX-Two: 1\r\nx-two: 2\r\n\r\nbody\r\n";

Response edit(Answer answer, std::string name, std::string value, std::uint32_t index = 0) {
    Response response;
    response.answer = answer;
    response.name = std::move(name);
    response.value = std::move(value);
    response.index = index;
    return response;
}

std::string applied(std::initializer_list<Response> responses, std::string_view message = original,
                    bool leading_space = false) {
    Changes changes;
    for (const Response& one : responses) EXPECT_TRUE(changes.take(one, {}));
    return changes.apply(message, leading_space).value_or("unchanged");
}

TEST(MilterChanges, FieldsAreAddedAtTheEndAndInsertedWhereTheIndexSays) {
    EXPECT_EQ(applied({edit(Answer::add_header, "X-New", "v")}),
              "Received: a\r\nSubject: x\r\nX-Two: 1\r\nx-two: 2\r\nX-New: v\r\n\r\nbody\r\n");
    EXPECT_EQ(applied({edit(Answer::insert_header, "X-New", "v", 0)}).substr(0, 12), "X-New: v\r\nRe");
    EXPECT_EQ(applied({edit(Answer::insert_header, "X-New", "v", 1)}).substr(13, 10), "X-New: v\r\n");
    EXPECT_EQ(applied({edit(Answer::insert_header, "X-New", "v", 999)}).substr(45),
              "X-New: v\r\n\r\nbody\r\n");
}

TEST(MilterChanges, TheIndexOfAChangeCountsFieldsOfTheName) {
    EXPECT_EQ(applied({edit(Answer::change_header, "X-TWO", "9", 2)}),
              "Received: a\r\nSubject: x\r\nX-Two: 1\r\nX-TWO: 9\r\n\r\nbody\r\n");
    EXPECT_EQ(applied({edit(Answer::change_header, "X-Two", "", 1)}),
              "Received: a\r\nSubject: x\r\nx-two: 2\r\n\r\nbody\r\n");
    EXPECT_EQ(applied({edit(Answer::change_header, "X-Two", "9", 3)}),
              "Received: a\r\nSubject: x\r\nX-Two: 1\r\nx-two: 2\r\nX-Two: 9\r\n\r\nbody\r\n");
    EXPECT_EQ(applied({edit(Answer::change_header, "X-None", "", 1)}), original);
}

TEST(MilterChanges, ABodyIsReplacedPieceByPieceAndEndsItsLinesWithCrlf) {
    Response one, two;
    one.answer = two.answer = Answer::replace_body;
    one.body = "first\nse";
    two.body = "cond\r\n";
    EXPECT_EQ(applied({one, two}, "A: b\r\n\r\nold"), "A: b\r\n\r\nfirst\r\nsecond\r\n");
}

TEST(MilterChanges, NoValueMakesASecondField) {
    EXPECT_EQ(applied({edit(Answer::add_header, "X-A", "b\nX-Evil: c\r\n\r\nbody")}, "A: b\r\n\r\n"),
              "A: b\r\nX-A: b\r\n\tX-Evil: c\r\n\tbody\r\n\r\n");
    EXPECT_EQ(applied({edit(Answer::add_header, "X-A", "b\n c\n")}, "A: b\r\n\r\n"),
              "A: b\r\nX-A: b\r\n c\r\n\r\n");
    Changes changes;
    for (const char* name : {"", "X A", "X:A", "X\r\nA", "\xc3\xa4"})
        EXPECT_FALSE(changes.take(edit(Answer::add_header, name, "v"), {})) << name;
    EXPECT_TRUE(changes.empty());
}

TEST(MilterChanges, AValueMayBringItsOwnBlank) {
    EXPECT_EQ(applied({edit(Answer::add_header, "X-A", " b")}, "A: b\r\n\r\n", true),
              "A: b\r\nX-A: b\r\n\r\n");
}

TEST(MilterChanges, AMessageWithoutABodyGetsTheEmptyLine) {
    EXPECT_EQ(applied({edit(Answer::add_header, "X-A", "b")}, "A: b\r\n"), "A: b\r\nX-A: b\r\n\r\n");
    EXPECT_EQ(applied({edit(Answer::add_header, "X-A", "b")}, "A: b"), "A: b\r\nX-A: b\r\n\r\n");
    EXPECT_EQ(applied({edit(Answer::add_header, "X-A", "b")}, ""), "X-A: b\r\n\r\n");
}

TEST(MilterChanges, RecipientsSenderAndQuarantine) {
    Changes changes;
    EXPECT_TRUE(changes.take(edit(Answer::add_recipient, "<carol@example.org>", ""), {}));
    EXPECT_TRUE(changes.take(edit(Answer::add_recipient_args, "dave@example.org", "NOTIFY=NEVER\r\n"), {}));
    EXPECT_TRUE(changes.take(edit(Answer::delete_recipient, "<bob@example.org>", ""), {}));
    EXPECT_TRUE(changes.take(edit(Answer::change_from, "<>", ""), {}));
    EXPECT_TRUE(changes.take(edit(Answer::quarantine, "", "looks\nbad"), {}));
    ASSERT_EQ(changes.recipients.size(), 3U);
    EXPECT_EQ(changes.recipients[0].address, "carol@example.org");
    EXPECT_EQ(changes.recipients[1].parameters, "NOTIFY=NEVER");
    EXPECT_FALSE(changes.recipients[2].add);
    EXPECT_EQ(changes.sender, "");
    EXPECT_EQ(changes.quarantine, "looksbad");
    EXPECT_EQ(changes.apply(original, false), std::nullopt);
    for (const char* who : {"", "<>", "a b@example.org", "a@b\r\nRCPT TO:<c@d>", "a@b> <c@d"})
        EXPECT_FALSE(changes.take(edit(Answer::add_recipient, who, ""), {})) << who;
    EXPECT_TRUE(changes.take(edit(Answer::add_recipient, "\"a b\"@example.org", ""), {}));
}

TEST(MilterChanges, HaveAnEnd) {
    Changes changes;
    Changes::Limits limits;
    limits.count = 3;
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(changes.take(edit(Answer::add_header, "X", "y"), limits));
    EXPECT_FALSE(changes.take(edit(Answer::add_header, "X", "y"), limits));
    limits = {};
    limits.octets = 100;
    EXPECT_FALSE(changes.take(edit(Answer::add_header, "X", std::string(200, 'y')), limits));
}

}  // namespace
}  // namespace postrider::filter::milter
