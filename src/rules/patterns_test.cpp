#include "rules/patterns.h"

#include <gtest/gtest.h>

namespace postrider::rules {
namespace {

struct Case {
    const char* pattern;
    const char* address;
    bool match;
};

TEST(Patterns, AddressesAndDomainsMatchAsAdministratorsWriteThem) {
    const Case cases[] = {
        {"ann@example.org", "ann@example.org", true},
        {"ANN@Example.ORG", "ann@example.org", true},
        {"ann@example.org", "anna@example.org", false},
        {"an*@example.org", "anna@example.org", true},
        {"*n*a@example.org", "anna@example.org", true},
        {"*n*b@example.org", "anna@example.org", false},
        {"*@example.org", "anybody@example.org", true},
        {"@example.org", "anybody@example.org", true},
        {"example.org", "anybody@example.org", true},
        {"example.org", "anybody@sub.example.org", false},
        {"*.example.org", "anybody@sub.example.org", true},
        {"*.example.org", "anybody@example.org", false},
        {"*.example.org", "anybody@notexample.org", false},
        {"x@*.example.org", "x@a.b.example.org", true},
        {"*", "x@anywhere.net", true},
        {"", "x@anywhere.net", false},
        {"xn--mnchen-3ya.de", "x@m\xc3\xbcnchen.de", true},
        {"m\xc3\xbcnchen.de", "x@m\xc3\xbcnchen.de", true},
        {"********************a@example.org",
         "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb@example.org", false},
    };
    for (const Case& one : cases)
        EXPECT_EQ(matches(one.pattern, *mime::parse_addr_spec(one.address)), one.match)
            << one.pattern << " " << one.address;
}

TEST(Patterns, WithinMeansItselfOrBelowAtALabel) {
    EXPECT_TRUE(is_within("example.org", "example.org"));
    EXPECT_TRUE(is_within("a.example.org", "example.org"));
    EXPECT_FALSE(is_within("aexample.org", "example.org"));
    EXPECT_FALSE(is_within("org", "example.org"));
}

}  // namespace
}  // namespace postrider::rules
