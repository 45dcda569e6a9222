#include "dns/unbound_resolver.h"

#include <gtest/gtest.h>

#include <future>

#include "base/test_eventually.h"
#include "dns/fake_server.h"
#include "dns/records.h"
#include "net/run_task.h"
#include "observe/memory_log.h"

namespace postrider::dns {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// Knows example.test as a small zone and says nothing else but "no such name".
std::optional<std::string> small_zone(const FakeQuery& query) {
    FakeReply reply{query};
    if (query.name == "example.test" && query.type == Type::mx)
        reply.answer("example.test", Type::mx, mx_rdata(10, "mail.example.test"))
            .answer("example.test", Type::mx, mx_rdata(20, "BACKUP.example.test"));
    else if (query.name == "mail.example.test" && query.type == Type::a)
        reply.answer("mail.example.test", Type::a, address_rdata("192.0.2.1"));
    else if (query.name == "www.example.test")
        reply.answer("www.example.test", Type::cname, name_rdata("mail.example.test"))
            .answer("mail.example.test", Type::a, address_rdata("192.0.2.1"));
    else if (query.name == "mail.example.test" || query.name == "example.test" || query.name.empty())
        reply.soa("test");
    else
        reply.rcode(3).soa("test");
    return reply.octets();
}

class UnboundResolverTest : public testing::Test {
protected:
    /// Servers are given a minute, so that a busy machine does not make one silent: the tests of silence say
    /// less.
    DnrSettings settings(std::initializer_list<const FakeServer*> servers,
                         std::chrono::seconds timeout = 60s) {
        DnrSettings out;
        out.dnssec = Dnssec::no;
        unsigned priority = 0;
        for (const FakeServer* server : servers)
            out.name_servers.push_back({++priority, server->address(), timeout, 0});
        return out;
    }
    UnboundResolver& open(DnrSettings given) {
        auto made = UnboundResolver::open({std::move(given), log.logger(), "/nonexistent"}, metrics);
        if (!made) throw std::runtime_error{made.error()};
        resolver = std::move(*made);
        return *resolver;
    }
    std::int64_t metric(std::string_view name) const {
        for (const observe::Metric& one : metrics.list())
            if (one.name == name) return one.value;
        return -1;
    }

    observe::MemoryLog log{"DNR"};
    observe::Metrics metrics;
    std::unique_ptr<UnboundResolver> resolver;
};

TEST_F(UnboundResolverTest, AnswersWithTheRecordsInTheirOrder) {
    FakeServer server{small_zone};
    auto& dns = open(settings({&server}));
    const Answer answer = dns.ask("Example.TEST.", Type::mx);
    EXPECT_EQ(answer.outcome, Outcome::found) << answer.why;
    ASSERT_EQ(answer.records.size(), 2u);
    EXPECT_EQ(parse_mx(answer.records[0])->exchange, "mail.example.test");
    EXPECT_EQ(parse_mx(answer.records[1])->exchange, "backup.example.test");
    EXPECT_EQ(answer.canonical_name, "");
    EXPECT_FALSE(answer.secure);
    EXPECT_GT(answer.ttl, 290s);
}

TEST_F(UnboundResolverTest, TellsAbsenceOfDataFromAbsenceOfTheName) {
    FakeServer server{small_zone};
    auto& dns = open(settings({&server}));
    EXPECT_EQ(dns.ask("example.test", Type::txt).outcome, Outcome::no_data);
    EXPECT_EQ(dns.ask("nobody.test", Type::mx).outcome, Outcome::no_name);
    EXPECT_EQ(dns.ask("not a name", Type::mx).outcome, Outcome::no_name);
    EXPECT_EQ(server.count("not a name"), 0u);
}

TEST_F(UnboundResolverTest, FollowsAliases) {
    FakeServer server{small_zone};
    auto& dns = open(settings({&server}));
    const Answer answer = dns.ask("www.example.test", Type::a);
    EXPECT_EQ(answer.outcome, Outcome::found);
    EXPECT_EQ(answer.canonical_name, "mail.example.test");
    ASSERT_EQ(answer.records.size(), 1u);
    EXPECT_EQ(parse_address(answer.records[0]), "192.0.2.1");
}

TEST_F(UnboundResolverTest, RemembersAnswersAndTheirAbsenceUntilFlushed) {
    FakeServer server{small_zone};
    auto& dns = open(settings({&server}));
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(dns.ask("example.test", Type::mx).records.size(), 2u);
        EXPECT_EQ(dns.ask("nobody.test", Type::mx).outcome, Outcome::no_name);
    }
    EXPECT_EQ(server.count("example.test"), 1u);
    EXPECT_EQ(server.count("nobody.test"), 1u);
    EXPECT_EQ(metric("dns.cache.hits"), 4);
    EXPECT_EQ(metric("dns.queries"), 6);
    dns.flush();
    EXPECT_EQ(dns.ask("example.test", Type::mx).records.size(), 2u);
    EXPECT_EQ(server.count("example.test"), 2u);
}

TEST_F(UnboundResolverTest, ACoroutineGoesOnOnItsOwnThread) {
    FakeServer server{small_zone};
    auto& dns = open(settings({&server}));
    net::asio::io_context context{1};
    auto task = [](UnboundResolver& from) -> net::Task<bool> {
        const auto before = std::this_thread::get_id();
        const Answer answer = co_await from.query("example.test", Type::mx);
        co_return answer.outcome == Outcome::found&& before == std::this_thread::get_id();
    };
    EXPECT_TRUE(net::run_task(context, task(dns)));
    EXPECT_TRUE(net::run_task(context, task(dns))) << "from the cache";
}

TEST_F(UnboundResolverTest, EqualQuestionsAreAskedOnce) {
    FakeServer server{[](const FakeQuery& query) {
        std::this_thread::sleep_for(100ms);
        return small_zone(query);
    }};
    auto& dns = open(settings({&server}));
    std::vector<std::future<Answer>> all;
    for (int i = 0; i < 20; ++i)
        all.push_back(std::async(std::launch::async, [&] { return dns.ask("example.test", Type::mx); }));
    for (auto& one : all) EXPECT_EQ(one.get().records.size(), 2u);
    EXPECT_EQ(server.count("example.test"), 1u);
    EXPECT_EQ(metric("dns.waiting"), 0);
}

TEST_F(UnboundResolverTest, MoreQuestionsThanMayBeAskedAtOnceWaitForTheirTurn) {
    FakeServer server{small_zone};
    DnrSettings few = settings({&server});
    few.max_questions = 3;
    auto& dns = open(few);
    std::vector<std::future<Answer>> all;
    for (int i = 0; i < 40; ++i)
        all.push_back(std::async(std::launch::async, [&dns, i] {
            return dns.ask("host" + std::to_string(i) + ".test", Type::a);
        }));
    for (auto& one : all) EXPECT_EQ(one.get().outcome, Outcome::no_name);
    EXPECT_EQ(metric("dns.waiting"), 0);
}

TEST_F(UnboundResolverTest, RetriesTakeTwiceAsLongEachTime) {
    FakeServer server{small_zone};
    server.pretend_dead(true);
    DnrSettings patient = settings({&server}, 1s);
    patient.name_servers[0].retries = 1;
    auto& dns = open(patient);
    const auto before = steady_clock::now();
    const Answer answer = dns.ask("example.test", Type::mx);
    const auto took = steady_clock::now() - before;
    EXPECT_EQ(answer.outcome, Outcome::temporary);
    EXPECT_NE(answer.why.find(server.address()), std::string::npos) << answer.why;
    EXPECT_GE(took, 2800ms) << "1 s and 2 s";
    EXPECT_EQ(server.count("example.test"), 4u) << "at 0, 1/2, 1 and 2 s";
    EXPECT_EQ(metric("dns.timeouts"), 1);
    EXPECT_EQ(metric("dns.servers.dead"), 1);
}

TEST_F(UnboundResolverTest, TheNextServerIsAskedWhenTheFirstIsSilentAndThenAtOnce) {
    FakeServer first{small_zone}, second{small_zone};
    first.pretend_dead(true);
    DnrSettings given = settings({&first, &second});
    given.name_servers[0].timeout = 1s;
    auto& dns = open(given);
    EXPECT_EQ(dns.ask("example.test", Type::mx).records.size(), 2u);
    EXPECT_TRUE(log.contains(first.address() + " does not answer"));
    EXPECT_EQ(first.count("example.test"), 2u) << "at 0 and 1/2 s, no retries";
    EXPECT_EQ(dns.ask("mail.example.test", Type::a).records.size(), 1u);
    EXPECT_EQ(first.count("mail.example.test"), 0u);
    const auto states = dns.servers();
    ASSERT_EQ(states.size(), 2u);
    EXPECT_FALSE(states[0].answers);
    EXPECT_TRUE(states[1].answers);
}

TEST_F(UnboundResolverTest, TheServerWithTheLowestPriorityIsPreferred) {
    FakeServer first{small_zone}, second{small_zone};
    DnrSettings given = settings({&first, &second});
    given.name_servers[0].priority = 9;
    auto& dns = open(given);
    EXPECT_EQ(dns.ask("example.test", Type::mx).records.size(), 2u);
    EXPECT_EQ(first.count("example.test"), 0u);
    EXPECT_EQ(second.count("example.test"), 1u);
}

TEST_F(UnboundResolverTest, AServerThatFailsIsPassedOver) {
    FakeServer first{[](const FakeQuery& query) { return FakeReply{query}.rcode(2).octets(); }};
    FakeServer second{small_zone};
    auto& dns = open(settings({&first, &second}));
    EXPECT_EQ(dns.ask("example.test", Type::mx).records.size(), 2u);
    EXPECT_EQ(metric("dns.servers.dead"), 0) << "it does answer";
}

TEST_F(UnboundResolverTest, StopsWithQuestionsInFlight) {
    FakeServer server{small_zone};
    server.pretend_dead(true);
    DnrSettings patient = settings({&server});
    patient.name_servers[0].timeout = 60s;
    auto& dns = open(patient);
    auto blocked = std::async(std::launch::async, [&] { return dns.ask("example.test", Type::mx); });
    auto coroutine = std::async(std::launch::async, [&] {
        net::asio::io_context context{1};
        return net::run_task(context, dns.query("mail.example.test", Type::a));
    });
    EXPECT_TRUE(eventually(
        [&] { return server.count("example.test") != 0 && server.count("mail.example.test") != 0; }));
    dns.stop();  // does not wait for the minute
    EXPECT_EQ(blocked.get().outcome, Outcome::temporary);
    EXPECT_EQ(coroutine.get().outcome, Outcome::temporary);
    EXPECT_EQ(dns.ask("example.test", Type::mx).outcome, Outcome::temporary);
    EXPECT_EQ(metric("dns.waiting"), 0);
    server.pretend_dead(false);
    dns.start();
    EXPECT_EQ(dns.ask("example.test", Type::mx).outcome, Outcome::found);
}

TEST_F(UnboundResolverTest, TakesNewSettingsWhileItRuns) {
    FakeServer first{small_zone}, second{small_zone};
    auto& dns = open(settings({&first}));
    EXPECT_EQ(dns.ask("example.test", Type::mx).outcome, Outcome::found);
    ASSERT_TRUE(dns.reconfigure(settings({&second})));
    EXPECT_EQ(dns.ask("example.test", Type::mx).outcome, Outcome::found);
    EXPECT_EQ(second.count("example.test"), 1u);
    DnrSettings wrong = settings({&second});
    wrong.dnssec = Dnssec::yes;
    wrong.trust_anchor_file = "/nonexistent";
    EXPECT_FALSE(dns.reconfigure(wrong));
}

TEST_F(UnboundResolverTest, PrivateAddressesAreTheNameServersToKnow) {
    FakeServer server{[](const FakeQuery& query) {
        FakeReply reply{query};
        if (query.name == "1.0.0.10.in-addr.arpa" && query.type == Type::ptr)
            reply.answer(query.name, Type::ptr, name_rdata("host.example.test"));
        else
            reply.soa("in-addr.arpa");
        return std::optional{reply.octets()};
    }};
    auto& dns = open(settings({&server}));
    const Answer answer = dns.ask("1.0.0.10.in-addr.arpa", Type::ptr);
    ASSERT_EQ(answer.outcome, Outcome::found) << answer.why;
    EXPECT_EQ(parse_name(answer.records[0]), "host.example.test");
}

}  // namespace
}  // namespace postrider::dns
