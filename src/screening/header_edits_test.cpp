#include "screening/header_edits.h"

#include <gtest/gtest.h>

namespace postrider::screening {
namespace {

using policy::Effect;
using policy::Method;

constexpr std::string_view message = "A: 1\r\nB: 2\r\n folded\r\na: 3\r\n\r\nbody\r\n";

TEST(HeaderEdits, DoWhatTheirNamesSay) {
    struct {
        Effect edit;
        const char* result;
    } cases[] = {
        {{Method::addHeader, "A", "x"}, "A: x\r\nA: 1\r\nB: 2\r\n folded\r\na: 3\r\n\r\nbody\r\n"},
        {{Method::addIfNotExistsHeader, "B", "x"}, "A: 1\r\nB: 2\r\n folded\r\na: 3\r\n\r\nbody\r\n"},
        {{Method::addIfNotExistsHeader, "C", "x"}, "C: x\r\nA: 1\r\nB: 2\r\n folded\r\na: 3\r\n\r\nbody\r\n"},
        {{Method::modifyHeader, "b", "x"}, "A: 1\r\nb: x\r\na: 3\r\n\r\nbody\r\n"},
        {{Method::modifyHeader, "C", "x"}, "C: x\r\nA: 1\r\nB: 2\r\n folded\r\na: 3\r\n\r\nbody\r\n"},
        {{Method::modifyIfExistsHeader, "C", "x"}, "A: 1\r\nB: 2\r\n folded\r\na: 3\r\n\r\nbody\r\n"},
        {{Method::removeFirstHeader, "A", ""}, "B: 2\r\n folded\r\na: 3\r\n\r\nbody\r\n"},
        {{Method::removeHeader, "a", ""}, "B: 2\r\n folded\r\n\r\nbody\r\n"},
        {{Method::addHeader, "bad name", "x"}, "A: 1\r\nB: 2\r\n folded\r\na: 3\r\n\r\nbody\r\n"},
        {{Method::addHeader, "", "x"}, "A: 1\r\nB: 2\r\n folded\r\na: 3\r\n\r\nbody\r\n"},
    };
    for (const auto& c : cases) EXPECT_EQ(edit_header(message, {c.edit}), c.result) << c.edit.name;
}

TEST(HeaderEdits, SeeWhatWasDoneBefore) {
    EXPECT_EQ(edit_header(message, {{Method::addHeader, "X", "1"},
                                    {Method::modifyHeader, "X", "2"},
                                    {Method::removeHeader, "a", ""}}),
              "X: 2\r\nB: 2\r\n folded\r\n\r\nbody\r\n");
}

TEST(HeaderEdits, NoValueMakesASecondField) {
    const std::string out = edit_header(message, {{Method::addHeader, "X", "1\r\nEvil: 2\r\n\r\nbody"}});
    EXPECT_EQ(out.find("\r\nEvil"), std::string::npos);
    EXPECT_EQ(out.find("\r\n\r\n"), out.find("\r\n\r\nbody\r\n"));
}

TEST(HeaderEdits, ATextWithoutHeaderStaysBody) {
    EXPECT_EQ(edit_header("\r\nbody", {{Method::addHeader, "X", "1"}}), "X: 1\r\n\r\nbody");
}

}  // namespace
}  // namespace postrider::screening
