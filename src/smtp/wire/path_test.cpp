#include "smtp/wire/path.h"

#include <gtest/gtest.h>

namespace postrider::smtp {
namespace {

TEST(PathArguments, TakesTheRfcsExamples) {
    auto mail = parse_path_arguments("FROM:<Smith@bar.com> BODY=8BITMIME", "FROM");  // RFC 5321 §D.1
    ASSERT_TRUE(mail.arguments);
    EXPECT_EQ(mail.arguments->address.text(), "Smith@bar.com");
    ASSERT_EQ(mail.arguments->parameters.size(), 1u);
    EXPECT_EQ(mail.arguments->parameters[0].keyword, "BODY");
    EXPECT_EQ(mail.arguments->parameters[0].value, "8BITMIME");

    auto dsn = parse_path_arguments("TO:<Bob@Example.COM> NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM",
                                    "TO");  // RFC 3461 §10.1
    ASSERT_TRUE(dsn.arguments);
    EXPECT_EQ(dsn.arguments->address.text(), "Bob@example.com");
    EXPECT_EQ(dsn.arguments->parameters.size(), 2u);

    auto routed = parse_path_arguments("TO:<@hosta.int,@jkl.org:userc@d.bar.org>", "TO");  // RFC 5321 §C
    ASSERT_TRUE(routed.arguments);
    EXPECT_EQ(routed.arguments->address.text(), "userc@d.bar.org");
}

TEST(PathArguments, KnowsTheNullPathAndThePostmaster) {
    auto null = parse_path_arguments("FROM:<>", "FROM");
    ASSERT_TRUE(null.arguments);
    EXPECT_TRUE(null.arguments->address.null());
    auto postmaster = parse_path_arguments("TO:<PostMaster>", "TO");
    ASSERT_TRUE(postmaster.arguments);
    EXPECT_EQ(postmaster.arguments->address.local, "postmaster");
    EXPECT_FALSE(parse_path_arguments("FROM:<postmaster>", "FROM").arguments);
}

TEST(PathArguments, FindsTheEndOfAQuotedLocalPart) {
    auto quoted = parse_path_arguments("TO:<\"a>b \\\" c\"@example.org> NOTIFY=NEVER", "TO");
    ASSERT_TRUE(quoted.arguments);
    EXPECT_EQ(quoted.arguments->address.local, "a>b \" c");
    EXPECT_EQ(quoted.arguments->parameters.size(), 1u);
}

TEST(PathArguments, SaysWhatIsWrong) {
    struct Case {
        const char* text;
        PathError error;
    } cases[] = {
        {"", PathError::syntax},
        {"FROM", PathError::syntax},
        {"FROM:", PathError::syntax},
        {"FROM:a@b", PathError::syntax},
        {"FROM:<a@b", PathError::syntax},
        {"FROM:<a@b>SIZE=1", PathError::syntax},
        {"FROM:<a@b> =1", PathError::syntax},
        {"FROM:<a@b> SIZE=", PathError::syntax},
        {"FROM:<a b@c>", PathError::address},
        {"FROM:<@a,b@c>", PathError::address},
        {"FROM:<a@>", PathError::address},
    };
    for (const Case& c : cases) {
        auto parsed = parse_path_arguments(c.text, "FROM");
        EXPECT_FALSE(parsed.arguments) << c.text;
        EXPECT_EQ(parsed.error, c.error) << c.text;
    }
    std::string many = "FROM:<a@b>";
    for (int i = 0; i < 30; ++i) many += " X" + std::to_string(i);
    EXPECT_EQ(parse_path_arguments(many, "FROM").error, PathError::too_many);
}

TEST(Xtext, DecodesAndRefuses) {
    EXPECT_EQ(decode_xtext("a+2Bb+3Dc"), "a+b=c");
    EXPECT_EQ(decode_xtext("plain"), "plain");
    EXPECT_FALSE(decode_xtext("a+2"));
    EXPECT_FALSE(decode_xtext("a+zz"));
    EXPECT_FALSE(decode_xtext("a b"));
    EXPECT_FALSE(decode_xtext("a=b"));
    EXPECT_EQ(decode_xtext("\\x{E9}t\\x{E9}@example", true), "\xC3\xA9t\xC3\xA9@example");  // RFC 6533 §3
    EXPECT_FALSE(decode_xtext("\\x{D800}", true));
    EXPECT_FALSE(decode_xtext("\\x{110000}", true));
}

}  // namespace
}  // namespace postrider::smtp
