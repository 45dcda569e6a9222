#include "auth/scram_message.h"

#include <gtest/gtest.h>

namespace postrider::auth {
namespace {

TEST(ScramMessage, TheExamplesOfRfc7677AreRead) {
    auto first = parse_scram_first("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    ASSERT_TRUE(first);
    EXPECT_EQ(first->header, "n,,");
    EXPECT_EQ(first->user, "user");
    EXPECT_EQ(first->bare, "n=user,r=rOprNGfwEbeRWgbNEkqO");
    EXPECT_EQ(first->nonce, "rOprNGfwEbeRWgbNEkqO");
    auto last = parse_scram_final(
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+"
        "Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    ASSERT_TRUE(last);
    EXPECT_EQ(last->binding, "n,,");
    EXPECT_EQ(last->proof.size(), 32u);
    EXPECT_EQ(last->without_proof, "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
    auto acting = parse_scram_first("p=tls-exporter,a=b=2Cc,n=x=3Dy,r=n,ext=1");
    ASSERT_TRUE(acting);
    EXPECT_EQ(acting->binding, "tls-exporter");
    EXPECT_EQ(acting->authzid, "b,c");
    EXPECT_EQ(acting->user, "x=y");
    for (std::string_view bad :
         {"", "n", "n,,", "n,,n=user", "x,,n=user,r=n", "p=,,n=user,r=n", "n,b,n=user,r=n", "n,,n=,r=n",
          "n,,n=a=2c,r=n", "n,,n=user,r=", "n,,m=1,n=user,r=n"})
        EXPECT_FALSE(parse_scram_first(bad)) << bad;
    for (std::string_view bad :
         {"", "c=biws,r=x", "c=biws,p=AAAA", "r=x,c=biws,p=AAAA", "c=b,r=x,p=AAAA", "c=biws,r=x,p=!"})
        EXPECT_FALSE(parse_scram_final(bad)) << bad;
}

}  // namespace
}  // namespace postrider::auth
