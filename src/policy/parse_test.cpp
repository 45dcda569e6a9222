#include <gtest/gtest.h>

#include "policy/program.h"

namespace postrider::policy {
namespace {

std::string first_problem(std::string_view text) {
    auto built = build(text);
    return built ? "" : built.error().front().sentence();
}

TEST(PolicyParser, ReadsEventsMethodsAndCommentsInAnyCase) {
    auto script = parse(
        "# greeting\nEVENT onconnect { SET (smtpGreeting, \"hello\\\"\"); } # end\n"
        "method m { if (not (IS (a_0, \"x\"))) { call (m2); } else { set (b, \"1\"); } }\n"
        "method m2 {}");
    ASSERT_TRUE(script) << script.error().sentence();
    ASSERT_EQ(script->blocks.size(), 3u);
    EXPECT_EQ(script->blocks[0].body[0].value, "hello\"");
    EXPECT_EQ(script->blocks[1].body[0].otherwise[0].name, "b");
    EXPECT_EQ(script->blocks[1].line, 3u);
}

TEST(PolicyParser, WrittenAgainItMeansTheSame) {
    const std::string text =
        "event onEhlo { if (anyOf (is (a, \"1\"), allOf (ipRange (remoteSmtpIp, \"10.0.0.0/8\"), not "
        "(contains "
        "(b, \"x\\\\\"))))) { set (c, \"two\nlines\"); } else if (is (a, \"2\")) { call (m); } else { } } "
        "method "
        "m { }";
    auto script = parse(text);
    ASSERT_TRUE(script);
    auto again = parse(write(*script));
    ASSERT_TRUE(again) << again.error().sentence();
    EXPECT_EQ(*script, *again);
}

TEST(PolicyParser, SaysOnWhichLineWhatIsWrong) {
    struct {
        const char* text;
        const char* problem;
    } cases[] = {
        {"event onConnect {\n set (smtpAction \"x\");\n}",
         "line 2: expected ',' after the variable, found '\"'"},
        {"event onConnect {\n set (smtpAction, 12);\n}",
         "line 2: expected a value in double quotes, found '12'"},
        {"event onConnect {\n set (a, \"x\n\n);\n}", "line 2: the string that begins here has no end"},
        {"event onConnect {\n",
         "line 2: expected the name of a statement (set, call, if) or '}', found the end of "
         "the script"},
        {"event onNothing { }", "line 1: there is no event 'onNothing'"},
        {"event onConnect { \n call (nobody); }", "line 2: there is no method 'nobody'"},
        {"method a { call (b); }\nmethod b { call (a); }",
         "line 2: the method 'a' would call itself, which never ends"},
        {"method a { }\nmethod A { }", "line 2: there are two methods 'A'"},
        {"method checkSPF { }", "line 1: the method 'checkSPF' is predefined"},
        {"event onConnect { if (ipRange (remoteSmtpIp, \"10.0.0.0/99\")) { } }",
         "line 1: '10.0.0.0/99' is no set of addresses (a.b.c.d, a-b, a/mask, a/length)"},
        {"event onConnect { if (greaterThan (smtpPort, \"many\")) { } }", "line 1: 'many' is no number"},
        {"event onConnect { if (equals (smtpPort, \"1\")) { } }", "line 1: there is no comparator 'equals'"},
        {"event onConnect { if (anyOf ()) { } }",
         "line 1: expected the name of a comparator, anyOf, allOf or not, found ')'"},
        {"evnt onConnect { }", "line 1: expected \"event\" or \"method\", found 'evnt'"},
    };
    for (const auto& c : cases) EXPECT_EQ(first_problem(c.text), c.problem) << c.text;
}

TEST(PolicyParser, RefusesWhatIsTooDeepOrTooLarge) {
    std::string deep = "event onConnect {";
    for (int i = 0; i < 40; ++i) deep += "if (is (a, \"\")) {";
    EXPECT_NE(first_problem(deep).find("more than 32 deep"), std::string::npos);
    std::string conditions = "event onConnect { if (";
    for (int i = 0; i < 100'000; ++i) conditions += "not (";
    EXPECT_NE(first_problem(conditions).find("more than 32 deep"), std::string::npos);
    std::string chain = "event onConnect { if (is (a, \"\")) { }";
    for (int i = 0; i < 10'000; ++i) chain += " else if (is (a, \"\")) { }";
    EXPECT_NE(first_problem(chain + "}").find("more than 32 deep"), std::string::npos);
    EXPECT_NE(first_problem(std::string(5 << 20, ' ')).find("larger than 4 MB"), std::string::npos);
    std::string calls;
    for (int i = 0; i < 100; ++i)
        calls += "method m" + std::to_string(i) + " { call (m" + std::to_string(i + 1) + "); }\n";
    EXPECT_NE(first_problem(calls + "method m100 { }").find("more than 64 deep"), std::string::npos);
}

TEST(PolicyParser, AllUnknownNamesAreNamedAtOnce) {
    auto built = build("event onConnect { call (a); call (b); }\nevent x { }");
    ASSERT_FALSE(built);
    EXPECT_EQ(built.error().size(), 3u);
}

TEST(PolicyDoubts, TellWhatIsLegalAndHardlyMeant) {
    auto script = parse(
        "event onConnect { if (is (mailFrom, \"a\")) { set (remoteSmtpIp, \"::1\"); }\n"
        " set (deliveryDelay, \"5\"); set (smtpAction, \"bounce\");\n"
        " if (is (nothing_0, \"\")) { call (addHeader); } }\n"
        "method unused { }");
    ASSERT_TRUE(script);
    std::string all;
    for (const Problem& p : doubts(*script)) all += p.sentence() + "\n";
    EXPECT_EQ(all,
              "line 1: the variable 'mailFrom' is not known in onConnect\n"
              "line 1: the variable 'remoteSmtpIp' cannot be set\n"
              "line 2: setting 'deliveryDelay' has no effect in onConnect\n"
              "line 2: 'bounce' is none of the values of 'smtpAction' (accept reject tmpreject discard)\n"
              "line 3: nothing sets the variable 'nothing_0'\n"
              "line 3: 'addHeader' does nothing in onConnect\n"
              "line 4: the method 'unused' is called from no event\n");
}

}  // namespace
}  // namespace postrider::policy
