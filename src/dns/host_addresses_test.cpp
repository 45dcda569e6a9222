#include "dns/host_addresses.h"

#include <gtest/gtest.h>

#include "dns/fake_resolver.h"
#include "net/run_task.h"

namespace postrider::dns {
namespace {

using All = std::vector<std::string>;

HostAddresses find(FakeResolver& resolver, std::string host, std::size_t most = 8) {
    return net::run_task(host_addresses(resolver, std::move(host), most));
}

TEST(HostAddresses, AreThoseOfBothKindsUpToTheLimit) {
    FakeResolver resolver;
    resolver.add("mail.example.org", Type::a, address_rdata("192.0.2.1"));
    resolver.add("mail.example.org", Type::a, address_rdata("192.0.2.2"));
    resolver.add("mail.example.org", Type::aaaa, address_rdata("2001:db8::1"));
    EXPECT_EQ(find(resolver, "mail.example.org").all, (All{"192.0.2.1", "192.0.2.2", "2001:db8::1"}));
    EXPECT_EQ(find(resolver, "mail.example.org", 2).all, (All{"192.0.2.1", "192.0.2.2"}));
    EXPECT_EQ(find(resolver, "mail.example.org").why, "");
}

TEST(HostAddresses, OfLocalhostAndNumbersAreNotAskedFor) {
    FakeResolver resolver;
    EXPECT_EQ(find(resolver, "LocalHost").all, All{"127.0.0.1"});
    EXPECT_EQ(find(resolver, "2001:db8::7").all, All{"2001:db8::7"});
    EXPECT_TRUE(resolver.asked().empty());
}

TEST(HostAddresses, ThatAreMissingSayWhetherItMayChange) {
    FakeResolver resolver;
    resolver.set("slow.example", Type::a, Outcome::temporary);
    EXPECT_EQ(find(resolver, "slow.example").why, "the name cannot be resolved now");
    EXPECT_EQ(find(resolver, "none.example").why, "the name does not exist");
}

}  // namespace
}  // namespace postrider::dns
