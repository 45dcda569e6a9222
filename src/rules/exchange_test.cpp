#include "rules/exchange.h"

#include <gtest/gtest.h>

namespace postrider::rules {
namespace {

using settings::ExchangePolicy;

directory::Domain own() {
    directory::Domain domain;
    domain.name = "example.org";
    domain.aliases = {"example.com"};
    return domain;
}

bool asks(ExchangePolicy policy, const char* address, std::vector<std::string> exceptions = {}) {
    return allows(policy, exceptions, own(), *mime::parse_addr_spec(address));
}

TEST(ExchangePolicy, SaysWhichDomainsAreAllowed) {
    EXPECT_FALSE(asks(ExchangePolicy::deny_any_domain, "x@example.org"));
    EXPECT_TRUE(asks(ExchangePolicy::allow_any_domain, "x@example.net"));
    EXPECT_TRUE(asks(ExchangePolicy::allow_local_domain, "x@example.org"));
    EXPECT_TRUE(asks(ExchangePolicy::allow_local_domain, "x@example.com"));
    EXPECT_FALSE(asks(ExchangePolicy::allow_local_domain, "x@sub.example.org"));
    EXPECT_TRUE(asks(ExchangePolicy::allow_local_domain_and_subdomains, "x@sub.example.org"));
    EXPECT_FALSE(asks(ExchangePolicy::allow_local_domain_and_subdomains, "x@notexample.org"));
}

TEST(ExchangePolicy, ExceptionsTurnTheAnswerAround) {
    EXPECT_TRUE(asks(ExchangePolicy::deny_any_domain, "x@example.net", {"example.net"}));
    EXPECT_FALSE(asks(ExchangePolicy::allow_any_domain, "x@example.net", {"example.net"}));
    EXPECT_FALSE(asks(ExchangePolicy::allow_local_domain, "boss@example.org", {"boss@example.org"}));
}

TEST(ExchangePolicy, ReportsComeThroughButToWhoTakesNothing) {
    settings::AccountSettings settings;
    settings.recv_restrictions = true;
    settings.recv_policy = ExchangePolicy::allow_local_domain;
    EXPECT_TRUE(may_receive(settings, own(), {}));
    settings.recv_policy = ExchangePolicy::deny_any_domain;
    EXPECT_FALSE(may_receive(settings, own(), {}));
    settings.recv_exceptions = {"boss@example.org"};
    EXPECT_TRUE(may_receive(settings, own(), {}));
    settings.recv_restrictions = false;
    EXPECT_TRUE(may_receive(settings, own(), *mime::parse_addr_spec("x@example.net")));
}

}  // namespace
}  // namespace postrider::rules
