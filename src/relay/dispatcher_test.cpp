#include "relay/test_world.h"

namespace postrider::relay {
namespace {

TEST(Dispatcher, SendsWhatIsDueAndSettlesIt) {
    MailHost host{"127.0.0.2"};
    World world;
    world.settings.port = host.port();
    world.domain("example.net", {"127.0.0.2"});
    world.outbound.add("example.net", {"b@example.net", "c@example.net"}, 1);
    world.start();
    ASSERT_TRUE(world.outbound.quiet());
    EXPECT_EQ(world.outbound.fate(1, 0), "sent 2.0.0");
    EXPECT_EQ(world.outbound.fate(1, 1), "sent 2.0.0");
    EXPECT_TRUE(world.outbound.ups.contains("example.net"));
    EXPECT_EQ(world.outbound.settled.at(0).fates.at(0).remote_host, "mx10.example.net");
    EXPECT_TRUE(world.outbound.settled.at(0).fates.at(0).reports_dsn);
}

TEST(Dispatcher, UsesMoreConnectionsWhileTheBacklogLastsAndEachForManyMessages) {
    MailHost host{"127.0.0.2"};
    host.slow = std::chrono::milliseconds{5};
    World world;
    world.settings.port = host.port();
    world.settings.max_connections_per_host = 6;
    world.domain("example.net", {"127.0.0.2"});
    for (std::uint64_t i = 1; i <= 400; ++i) world.outbound.add("example.net", {"b@example.net"}, i);
    world.start();
    ASSERT_TRUE(world.outbound.quiet());
    EXPECT_EQ(host.messages, 400);
    EXPECT_GE(host.most_open, 4);
    EXPECT_LE(host.most_open, 6);
    EXPECT_LE(host.connections, 8);
}

TEST(Dispatcher, SharesConnectionsBetweenDestinationsOfOneHost) {
    MailHost host{"127.0.0.2"};
    World world;
    world.settings.port = host.port();
    world.settings.max_connections_per_host = 4;
    world.dns.add("mx.example.net", dns::Type::a, dns::address_rdata("127.0.0.2"));
    for (std::uint64_t i = 1; i <= 200; ++i) {
        const std::string domain = "d" + std::to_string(i) + ".example";
        world.dns.add(domain, dns::Type::mx, dns::mx_rdata(10, "mx.example.net"));
        world.outbound.add(domain, {"b@" + domain}, i);
    }
    world.start();
    ASSERT_TRUE(world.outbound.quiet());
    EXPECT_EQ(host.messages, 200);
    EXPECT_LE(host.most_open, 4);
    EXPECT_LE(host.connections, 6);
}

TEST(Dispatcher, DoesNotKeepConnectionsIdleThatOthersWaitFor) {
    MailHost host{"0.0.0.0"};
    World world;
    world.settings.port = host.port();
    world.settings.max_connections = 4;
    for (std::uint64_t i = 1; i <= 100; ++i) {
        const std::string domain = "d" + std::to_string(i) + ".example";
        world.domain(domain, {"127.0.1." + std::to_string(i)});
        world.outbound.add(domain, {"b@" + domain}, i);
    }
    world.settings.idle_reuse = seconds{3600};  // longer than anybody waits here
    world.start();
    ASSERT_TRUE(world.outbound.quiet());
    EXPECT_EQ(host.messages, 100);
    EXPECT_LE(host.most_open, 8);  // those that say QUIT do not count
}

TEST(Dispatcher, GoesToTheNextHostWhenOneIsDeadOrBusy) {
    MailHost busy{"127.0.0.3", {{"banner", "421 busy\r\n"}}};
    const std::uint16_t port = busy.port();
    MailHost good{"127.0.0.4", {}, port};
    World world;
    world.settings.port = port;
    world.domain("example.net", {"127.0.0.2", "127.0.0.3", "127.0.0.4"});  // nothing listens on .2
    world.outbound.add("example.net", {"b@example.net"}, 1);
    world.start();
    ASSERT_TRUE(world.outbound.quiet());
    EXPECT_EQ(world.outbound.fate(1), "sent 2.0.0");
    EXPECT_EQ(good.messages, 1);
    EXPECT_EQ(busy.connections, 1);
}

TEST(Dispatcher, OffersTheNextHostWhatOneWillNotTakeNow) {
    struct Case {
        MailHost::Manners first, second;
        const char* fate;
        int second_asked;
    };
    const std::string full = "452 4.3.1 disk full\r\n";
    const Case cases[] = {
        {{{"RCPT", "450 4.2.0 not now\r\n"}}, {}, "sent 2.0.0", 1},
        {{{"MAIL", full}}, {}, "sent 2.0.0", 1},
        {{{"end", full}}, {}, "sent 2.0.0", 1},
        {{{"end", full}}, {{"RCPT", "451 4.7.1 neither\r\n"}}, "temporary 4.7.1", 1},
        {{{"end", full}}, {{"RCPT", "550 5.1.1 nobody\r\n"}}, "permanent 5.1.1", 1},
        {{{"end", full}}, {{"banner", "421 busy\r\n"}}, "temporary 4.3.1", 1},
        {{{"end", full}}, {{"MAIL", "drop"}}, "temporary 4.3.1", 1},
        {{{"RCPT", "550 5.1.1 nobody\r\n"}}, {}, "permanent 5.1.1", 0},
        {{{"end", "drop"}}, {}, "temporary 4.4.2", 0},  // it may have been taken
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(one.first.begin()->first + (" " + one.first.begin()->second) + one.fate);
        MailHost first{"127.0.0.2", one.first};
        MailHost second{"127.0.0.3", one.second, first.port()};
        MailHost third{"127.0.0.4", {}, first.port()};
        World world;
        world.settings.port = first.port();
        world.domain("example.net", {"127.0.0.2", "127.0.0.3"});
        world.outbound.add("example.net", {"b@example.net"}, 1);
        world.start();
        ASSERT_TRUE(world.outbound.quiet());
        EXPECT_EQ(world.outbound.fate(1), one.fate);
        EXPECT_EQ(world.outbound.why_down("example.net"), "");
        EXPECT_EQ(second.connections, one.second_asked);
    }
}

TEST(Dispatcher, GoesBackToTheFirstHostWithTheNextMessage) {
    MailHost first{"127.0.0.2", {{"RCPT", "450 4.2.0 not now\r\n"}}};
    MailHost second{"127.0.0.3", {}, first.port()};
    World world;
    world.settings.port = first.port();
    world.settings.max_connections_per_host = 1;
    world.domain("example.net", {"127.0.0.2", "127.0.0.3"});
    for (std::uint64_t i = 1; i <= 5; ++i) world.outbound.add("example.net", {"b@example.net"}, i);
    world.start();
    ASSERT_TRUE(world.outbound.quiet());
    EXPECT_EQ(second.messages, 5);
    EXPECT_EQ(std::ranges::count_if(first.commands(),
                                    [](const std::string& line) { return line.starts_with("MAIL"); }),
              5);
    EXPECT_EQ(first.connections + second.connections, 2);
}

TEST(Dispatcher, GivesBackWhatMustNotBeLateWhereTheNextHostPromisesNothing) {
    using Mode = queue::DeliverBy::Mode;
    const auto by = [](Mode mode) {
        return [mode](queue::Envelope& envelope) {
            envelope.deliver_by = queue::DeliverBy{
                queue::full_seconds(SystemClock{}.now()) + std::chrono::seconds{100}, mode, false};
        };
    };
    struct Case {
        const char* offer;
        Mode mode;
        const char* fate;
        bool said;
    };
    const Case cases[] = {
        {"", Mode::give_back, "permanent 5.3.3", false},
        {"", Mode::notify, "sent 2.0.0", false},
        {"DSN\r\n250-", Mode::notify, "sent 2.0.0", false},
        {"DELIVERBY\r\n250-", Mode::give_back, "sent 2.0.0", true},
        {"DELIVERBY 50\r\n250-", Mode::give_back, "sent 2.0.0", true},
        {"DELIVERBY 500\r\n250-", Mode::give_back, "permanent 5.3.3", false},
        {"DELIVERBY 500\r\n250-", Mode::notify, "sent 2.0.0", true},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(std::string{one.offer} + one.fate);
        MailHost host{"127.0.0.2"};
        host.extensions = one.offer + std::string{"PIPELINING\r\n250 SIZE 10000000\r\n"};
        World world;
        world.settings.port = host.port();
        world.domain("example.net", {"127.0.0.2"});
        world.outbound.add("example.net", {"b@example.net"}, 1, by(one.mode));
        world.start();
        ASSERT_TRUE(world.outbound.quiet());
        EXPECT_EQ(world.outbound.fate(1), one.fate);
        EXPECT_EQ(std::ranges::any_of(
                      host.commands(),
                      [](const std::string& line) { return line.find(" BY=") != std::string::npos; }),
                  one.said);
        const auto& fates = world.outbound.settled.at(0).fates;
        EXPECT_EQ(fates.at(0).keeps_time, one.said);
        EXPECT_EQ(std::ranges::any_of(
                      host.commands(),
                      [](const std::string& line) { return line.ends_with(" NOTIFY=FAILURE,DELAY"); }),
                  std::string_view{one.offer}.starts_with("DSN"));
    }
}

struct Stage {
    const char* name;
    MailHost::Manners manners;
    const char* fate;  ///< of the message; "untried": the destination is down instead
};

TEST(Dispatcher, SurvivesAHostThatFailsAtAnyStage) {
    std::vector<Stage> stages;
    for (const char* what : {"hang", "drop", "garbage", "421 bye\r\n"}) {
        for (const char* at : {"banner", "EHLO", "MAIL"}) stages.push_back({at, {{at, what}}, "untried"});
        for (const char* at : {"RCPT", "DATA", "end"}) stages.push_back({at, {{at, what}}, "temporary"});
    }
    stages.push_back({"body", {{"body", "drop"}}, "temporary"});
    struct Play {
        explicit Play(const Stage& stage) : host{"127.0.0.2", stage.manners} {
            // Those that hang are waited for, all at the same time: long enough for the steps before.
            if (stage.manners.begin()->second == "hang") world.be_patient_for(seconds{5});
            world.settings.port = host.port();
            world.domain("example.net", {"127.0.0.2"});
            world.outbound.add("example.net", {"b@example.net"}, 1);
            world.start();
        }
        MailHost host;
        World world;
    };
    std::vector<std::unique_ptr<Play>> plays;
    for (const Stage& stage : stages) plays.push_back(std::make_unique<Play>(stage));
    for (std::size_t i = 0; i < stages.size(); ++i) {
        const Stage& stage = stages[i];
        World& world = plays[i]->world;
        SCOPED_TRACE(stage.name + (" " + stage.manners.begin()->second));
        ASSERT_TRUE(world.outbound.quiet());
        const bool down = std::string_view{stage.fate} == "untried";
        EXPECT_TRUE(world.outbound.fate(1).starts_with(stage.fate)) << world.outbound.fate(1);
        EXPECT_EQ(world.outbound.why_down("example.net").empty(), !down)
            << world.outbound.why_down("example.net");
        world.stop();
    }
}

TEST(Dispatcher, TakesAHostThatBreaksEveryTransactionForDown) {
    MailHost host{"127.0.0.2", {{"end", "drop"}}};
    World world;
    world.settings.port = host.port();
    world.settings.max_connections_per_host = 1;
    world.domain("example.net", {"127.0.0.2"});
    for (std::uint64_t i = 1; i <= 10; ++i) world.outbound.add("example.net", {"b@example.net"}, i);
    world.start();
    ASSERT_TRUE(world.outbound.quiet());
    EXPECT_EQ(world.outbound.settled.size(), 3U);
    EXPECT_EQ(world.outbound.waiting("example.net"), 7U);
}

TEST(Dispatcher, OpensAnotherConnectionWhenTheHostHasHungUpAfterSomeMessages) {
    MailHost host{"127.0.0.2"};
    host.hang_up_after = 3;
    World world;
    world.settings.port = host.port();
    world.settings.max_connections_per_host = 1;
    world.domain("example.net", {"127.0.0.2"});
    for (std::uint64_t i = 1; i <= 20; ++i) world.outbound.add("example.net", {"b@example.net"}, i);
    world.start();
    ASSERT_TRUE(world.outbound.quiet());
    EXPECT_EQ(host.messages, 20);
    for (std::uint64_t i = 1; i <= 20; ++i) EXPECT_EQ(world.outbound.fate(i), "sent 2.0.0") << i;
}

TEST(Dispatcher, WaitsForTheAnswerToAMessageThatWentWithItsEnvelope) {
    // A server under load answers the whole group late, the message included: who gives up on MAIL after the
    // time of a command sends it twice.
    World world;
    MailHost host{"127.0.0.2"};
    host.extensions = "PIPELINING\r\n250 CHUNKING\r\n";
    host.late_ms = 5000;
    world.settings.port = host.port();
    world.settings.patience.command = seconds{3};
    world.domain("example.net", {"127.0.0.2"});
    world.outbound.add("example.net", {"b@example.net"}, 1);
    world.start();
    ASSERT_TRUE(world.outbound.quiet());
    EXPECT_EQ(world.outbound.fate(1), "sent 2.0.0");
    EXPECT_EQ(host.messages, 1);
    EXPECT_EQ(host.connections, 1);
}

TEST(Dispatcher, DoesNotOfferAtOnceWhatTheHostMayHaveTaken) {
    World world;
    MailHost host{"127.0.0.2"};
    host.extensions = "PIPELINING\r\n250 CHUNKING\r\n";
    world.be_patient_for(seconds{3});
    world.settings.port = host.port();
    world.settings.max_connections_per_host = 1;
    world.domain("example.net", {"127.0.0.2"});
    world.outbound.add("example.net", {"b@example.net"}, 1);
    world.start();
    ASSERT_TRUE(world.outbound.quiet());
    host.late_ms = 100'000;  // longer than `end`; the connection has been used before
    world.outbound.add("example.net", {"b@example.net"}, 2);
    world.dispatcher->wake();
    ASSERT_TRUE(world.outbound.quiet());
    EXPECT_EQ(world.outbound.fate(2), "temporary 4.4.2");
    EXPECT_EQ(host.connections, 1);
}

TEST(Dispatcher, SplitsManyRecipientsIntoTransactions) {
    MailHost host{"127.0.0.2"};
    World world;
    world.settings.port = host.port();
    world.settings.max_recipients = 10;
    world.domain("example.net", {"127.0.0.2"});
    std::vector<std::string> to;
    for (int i = 0; i < 35; ++i) to.push_back("u" + std::to_string(i) + "@example.net");
    world.outbound.add("example.net", to, 1);
    world.start();
    ASSERT_TRUE(world.outbound.quiet());
    EXPECT_EQ(host.messages, 4);
    for (std::size_t i = 0; i < 35; ++i) EXPECT_EQ(world.outbound.fate(1, i), "sent 2.0.0");
}

TEST(Dispatcher, ReturnsMailForDomainsThatTakeNone) {
    World world;
    world.dns.add("null.example", dns::Type::mx, dns::mx_rdata(0, ""));
    world.dns.add("loop.example", dns::Type::mx, dns::mx_rdata(10, "us.example"));
    world.dns.set("bogus.example", dns::Type::mx, dns::Outcome::bogus);
    world.us.our_name = [](const std::string& name) { return name == "us.example"; };
    world.outbound.add("null.example", {"b@null.example"}, 1);
    world.outbound.add("missing.example", {"b@missing.example"}, 2);
    world.outbound.add("loop.example", {"b@loop.example"}, 3);
    world.outbound.add("bogus.example", {"b@bogus.example"}, 4);
    world.start();
    ASSERT_TRUE(world.outbound.quiet());
    EXPECT_EQ(world.outbound.fate(1), "permanent 5.1.10");  // RFC 7505 §4.2
    EXPECT_EQ(world.outbound.fate(2), "permanent 5.1.2");
    EXPECT_EQ(world.outbound.fate(3), "permanent 5.4.6");
    EXPECT_TRUE(world.outbound.why_down("bogus.example").starts_with("4.4.3"));
}

TEST(Dispatcher, FinishesTheMessageOnTheWireWhenItStops) {
    MailHost host{"127.0.0.2"};
    host.slow = std::chrono::seconds{2};
    World world;
    world.settings.port = host.port();
    world.settings.max_connections_per_host = 1;
    world.domain("example.net", {"127.0.0.2"});
    for (std::uint64_t i = 1; i <= 20; ++i) world.outbound.add("example.net", {"b@example.net"}, i);
    world.start();
    EXPECT_TRUE(eventually([&] { return std::ranges::count(host.commands(), "DATA") == 1; }));
    world.stop(seconds{60});
    EXPECT_EQ(host.messages, 1);
    EXPECT_EQ(world.outbound.fate(1), "sent 2.0.0");
    EXPECT_EQ(world.outbound.waiting("example.net"), 19U);
}

TEST(Dispatcher, SendsByARouteWithoutAskingTheDns) {
    MailHost host{"127.0.0.2"};
    World world;
    Route route;
    route.name = "Smart";
    route.host = "[127.0.0.2]";
    route.port = host.port();
    route.local_ip = "127.0.0.9";
    world.settings.routes.push_back(route);
    world.outbound.add("route:smart", {"b@example.net", "c@example.com"}, 1);
    world.start();
    ASSERT_TRUE(world.outbound.quiet());
    EXPECT_EQ(world.outbound.fate(1, 1), "sent 2.0.0");
    EXPECT_TRUE(world.dns.asked().empty());
    EXPECT_TRUE(world.log.contains("[127.0.0.9:"));
}

}  // namespace
}  // namespace postrider::relay
