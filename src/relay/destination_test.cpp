#include "relay/destination.h"

#include <gtest/gtest.h>

#include <set>

#include "dns/fake_resolver.h"
#include "net/run_task.h"
#include "relay/own_addresses.h"
#include "relay/route_table.h"

namespace postrider::relay {
namespace {

using dns::Type;

struct Zone {
    dns::FakeResolver dns;
    HostRules rules;
    void mx(const std::string& domain, std::uint16_t preference, const std::string& host) {
        dns.add(domain, Type::mx, dns::mx_rdata(preference, host));
    }
    void a(const std::string& host, const std::string& ip) {
        dns.add(host, ip.find(':') == std::string::npos ? Type::a : Type::aaaa, dns::address_rdata(ip));
    }
    Hosts find(const std::string& domain) { return net::run_task(find_hosts(dns, domain, rules)); }
    std::string names(const std::string& domain) {
        const Hosts found = find(domain);
        if (found.failure) return (found.failure->permanent ? "never " : "later ") + found.failure->status;
        std::string out;
        for (const Host& host : found.hosts) out += (out.empty() ? "" : " ") + host.name;
        return out;
    }
};

TEST(Hosts, AreTriedByPreferenceAndByLotAmongEquals) {
    Zone zone;
    zone.mx("example.org", 20, "c.example.org");
    zone.mx("example.org", 10, "a.example.org");
    zone.mx("example.org", 10, "b.example.org");
    for (const char* host : {"a.example.org", "b.example.org", "c.example.org"}) zone.a(host, "192.0.2.1");
    std::set<std::string> seen;
    for (zone.rules.seed = 0; zone.rules.seed < 50; ++zone.rules.seed) seen.insert(zone.names("example.org"));
    EXPECT_EQ(seen, (std::set<std::string>{"a.example.org b.example.org c.example.org",
                                           "b.example.org a.example.org c.example.org"}));
}

TEST(Hosts, OfADomainWithoutMxAreTheDomainItself) {
    Zone zone;
    zone.a("example.org", "192.0.2.1");
    EXPECT_EQ(zone.names("example.org"), "example.org");
    EXPECT_EQ(zone.names("missing.example"), "never 5.1.2");
}

TEST(Hosts, AreNotThereForANullMx) {
    Zone zone;
    zone.mx("example.org", 0, "");
    zone.a("example.org", "192.0.2.1");
    EXPECT_EQ(zone.names("example.org"), "never 5.1.10");
}

TEST(Hosts, ThatCannotBeLookedUpAreTriedLater) {
    Zone zone;
    zone.dns.set("a.example", Type::mx, dns::Outcome::temporary);
    zone.dns.set("b.example", Type::mx, dns::Outcome::bogus);
    zone.mx("c.example", 10, "mx.c.example");
    zone.dns.set("mx.c.example", Type::a, dns::Outcome::temporary);
    zone.mx("d.example", 10, "missing.d.example");
    EXPECT_EQ(zone.names("a.example"), "later 4.4.3");
    EXPECT_EQ(zone.names("b.example"), "later 4.4.3");
    EXPECT_EQ(zone.names("c.example"), "later 4.4.3");
    EXPECT_EQ(zone.names("d.example"), "never 5.1.2");
}

TEST(Hosts, NoBetterThanOurselvesAreLeftOut) {
    // RFC 5321 §5.1
    Zone zone;
    zone.rules.our_name = [](const std::string& name) { return name == "us.example.org"; };
    zone.rules.our_address = [](const std::string& ip, std::uint16_t) { return ip == "192.0.2.99"; };
    for (const char* host : {"a", "b", "us"}) zone.a(std::string{host} + ".example.org", "192.0.2.1");
    zone.mx("one.example", 10, "a.example.org");
    zone.mx("one.example", 20, "us.example.org");
    zone.mx("one.example", 30, "b.example.org");
    EXPECT_EQ(zone.names("one.example"), "a.example.org");
    zone.mx("two.example", 20, "us.example.org");
    zone.mx("two.example", 20, "b.example.org");
    EXPECT_EQ(zone.names("two.example"), "never 5.4.6");
    zone.a("hidden.example.org", "192.0.2.99");
    zone.mx("three.example", 10, "a.example.org");
    zone.mx("three.example", 20, "hidden.example.org");
    zone.mx("three.example", 30, "b.example.org");
    EXPECT_EQ(zone.names("three.example"), "a.example.org");
    zone.mx("four.example", 10, "hidden.example.org");
    EXPECT_EQ(zone.names("four.example"), "never 5.4.6");
    zone.a("five.example", "192.0.2.99");
    EXPECT_EQ(zone.names("five.example"), "never 5.4.6");
}

TEST(Hosts, CanBeAddresses) {
    Zone zone;
    EXPECT_EQ(zone.find("[192.0.2.7]").hosts.at(0).addresses.at(0), "192.0.2.7");
    EXPECT_EQ(zone.find("[ipv6:2001:db8::7]").hosts.at(0).addresses.at(0), "2001:db8::7");
    EXPECT_EQ(zone.names("[300.1.1.1]"), "never 5.1.2");
    zone.rules.our_address = [](const std::string&, std::uint16_t) { return true; };
    EXPECT_EQ(zone.names("[192.0.2.7]"), "never 5.4.6");
}

TEST(Hosts, OfAHostileZoneAreBounded) {
    Zone zone;
    for (int i = 0; i < 500; ++i) {
        const std::string name = "h" + std::to_string(i) + ".example.org";
        zone.mx("example.org", 10, name);
        for (int j = 0; j < 50; ++j) zone.a(name, "192.0.2." + std::to_string(j));
    }
    const Hosts found = zone.find("example.org");
    EXPECT_EQ(found.hosts.size(), max_hosts);
    for (const Host& host : found.hosts) EXPECT_LE(host.addresses.size(), max_addresses_per_host);
}

TEST(Hosts, HaveBothFamiliesInTurnsWhereIPv6IsOn) {
    Zone zone;
    zone.rules.ipv6 = true;
    zone.a("example.org", "192.0.2.1");
    zone.a("example.org", "192.0.2.2");
    zone.a("example.org", "2001:db8::1");
    EXPECT_EQ(zone.find("example.org").hosts.at(0).addresses,
              (std::vector<std::string>{"2001:db8::1", "192.0.2.1", "192.0.2.2"}));
}

TEST(OwnAddresses, AreWhereMailComesIn) {
    const OwnAddresses any{{"0.0.0.0:25", "[::1]:2525"}, {"192.0.2.1"}};
    EXPECT_TRUE(any.has("192.0.2.1", 25));
    EXPECT_TRUE(any.has("127.0.0.9", 25));
    EXPECT_FALSE(any.has("192.0.2.2", 25));
    EXPECT_FALSE(any.has("192.0.2.1", 26));
    EXPECT_TRUE(any.has("::1", 2525));
}

TEST(Routes, MatchByRecipientAndSender) {
    OutgoingSettings settings;
    Route smart, by_sender, policy;
    smart.name = "Smart";
    smart.recipient_domains = {"Example.NET", "*.example.net",
                               "b\xc3\xbc"
                               "cher.example"};
    smart.host = "smart.example";
    by_sender.name = "marketing";
    by_sender.sender_domains = {"news.example.org", "<>"};
    by_sender.host = "bulk.example";
    policy.name = "bank";
    policy.recipient_domains = {"bank.example"};
    policy.local_ip = "192.0.2.5";
    settings.routes = {smart, policy, by_sender};
    const RouteTable table{settings, "us.example"};
    const auto to = [&](const std::string& from, const std::string& domain) {
        queue::Envelope envelope;
        if (!from.empty()) envelope.reverse_path = {"x", from};
        return table.destination(envelope, {"y", domain});
    };
    EXPECT_EQ(to("a.example", "example.net"), "route:smart");
    EXPECT_EQ(to("a.example", "x.example.net"), "route:smart");
    EXPECT_EQ(to("a.example",
                 "b\xc3\xbc"
                 "cher.example"),
              "route:smart");
    EXPECT_EQ(to("a.example", "other.example"), "other.example");
    EXPECT_EQ(to("news.example.org", "other.example"), "route:marketing");
    EXPECT_EQ(to("", "other.example"), "route:marketing");
    EXPECT_EQ(to("news.example.org", "bank.example"), "bank.example") << "by MX, as the first match says";
    EXPECT_EQ(table.route("route:smart", {})->host, "smart.example");
    EXPECT_EQ(table.route("bank.example", {"x", "a.example"})->name, "bank");
    EXPECT_EQ(table.route("other.example", {"x", "a.example"}), nullptr);
    EXPECT_EQ(table.source(table.route("bank.example", {}), {"x", "a.example"}, false).ip, "192.0.2.5");
    EXPECT_EQ(table.source(table.route("bank.example", {}), {"x", "a.example"}, true).ip, "");
}

TEST(Routes, SayWhereMailLeavesFrom) {
    OutgoingSettings settings;
    settings.sources = {{"one.example", "192.0.2.1", "2001:db8::1", "mail.one.example"},
                        {"*", "192.0.2.9", "", ""}};
    const RouteTable table{settings, "us.example", [](const std::string& domain) {
                               return domain == "two.example" ? std::string{"192.0.2.2"} : std::string{};
                           }};
    const auto from = [&](const std::string& domain, bool six) {
        return table.source(nullptr, {"x", domain}, six);
    };
    EXPECT_EQ(from("one.example", false).ip, "192.0.2.1");
    EXPECT_EQ(from("one.example", true).ip, "2001:db8::1");
    EXPECT_EQ(from("one.example", false).helo, "mail.one.example");
    EXPECT_EQ(from("two.example", false).ip, "192.0.2.2");
    EXPECT_EQ(from("three.example", false).ip, "192.0.2.9");
    EXPECT_EQ(from("three.example", false).helo, "us.example");
}

}  // namespace
}  // namespace postrider::relay
