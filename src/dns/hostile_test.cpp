#include <fmt/core.h>
#include <gtest/gtest.h>

#include "dns/fake_server.h"
#include "dns/records.h"
#include "dns/unbound_context.h"
#include "dns/unbound_resolver.h"
#include "observe/memory_log.h"

namespace postrider::dns {
namespace {

using namespace std::chrono_literals;

/// Name servers that make mistakes, or mean harm.
class HostileAnswers : public testing::Test {
protected:
    /// @param timeout  long where an answer is expected, so that a busy machine makes no server silent
    Answer ask(FakeServer::Handler handler, Type type = Type::a, std::chrono::seconds timeout = 1s) {
        server = std::make_unique<FakeServer>(std::move(handler));
        DnrSettings settings;
        settings.dnssec = Dnssec::no;
        settings.name_servers.push_back({1, server->address(), timeout, 0});
        auto made = UnboundResolver::open({std::move(settings), log.logger(), "/nonexistent"}, metrics);
        if (!made) throw std::runtime_error{made.error()};
        resolver = std::move(*made);
        return resolver->ask("victim.test", type);
    }

    observe::MemoryLog log{"DNR"};
    observe::Metrics metrics;
    std::unique_ptr<FakeServer> server;
    std::unique_ptr<UnboundResolver> resolver;
};

TEST_F(HostileAnswers, AliasesInACircleAreATemporaryFailure) {
    const Answer answer = ask([](const FakeQuery& query) {
        const std::string next = query.name == "victim.test" ? "other.test" : "victim.test";
        return std::optional{FakeReply{query}.answer(query.name, Type::cname, name_rdata(next)).octets()};
    });
    EXPECT_EQ(answer.outcome, Outcome::temporary);
    EXPECT_TRUE(answer.records.empty());
}

TEST_F(HostileAnswers, AnEndlessChainOfAliasesEnds) {
    const Answer answer = ask([](const FakeQuery& query) {
        return std::optional{
            FakeReply{query}.answer(query.name, Type::cname, name_rdata("x" + query.name)).octets()};
    });
    EXPECT_EQ(answer.outcome, Outcome::temporary);
    EXPECT_LT(metrics.list().size(), 100u);
}

TEST_F(HostileAnswers, ATruncatedAnswerIsAskedForByTcp) {
    const Answer answer = ask(
        [](const FakeQuery& query) {
            FakeReply reply{query};
            if (!query.tcp) return std::optional{reply.truncated().octets()};
            return std::optional{reply.answer(query.name, Type::a, address_rdata("192.0.2.1")).octets()};
        },
        Type::a, 60s);
    EXPECT_EQ(answer.outcome, Outcome::found) << answer.why;
}

TEST_F(HostileAnswers, ATruncatedAnswerWithoutTcpIsATemporaryFailure) {
    const Answer answer = ask([](const FakeQuery& query) {
        if (query.tcp) return std::optional<std::string>{};
        return std::optional{FakeReply{query}.truncated().octets()};
    });
    EXPECT_EQ(answer.outcome, Outcome::temporary);
}

std::string many(const FakeQuery& query, int count) {
    FakeReply reply{query};
    if (!query.tcp) return reply.truncated().octets();
    for (int i = 0; i < count; ++i)
        reply.answer(query.name, Type::a, address_rdata(fmt::format("10.0.{}.{}", i / 250, i % 250)));
    return reply.octets();
}

TEST_F(HostileAnswers, AThousandRecordsAreTakenButNotMore) {
    EXPECT_EQ(ask([](const FakeQuery& query) { return std::optional{many(query, 1000)}; }, Type::a, 60s)
                  .records.size(),
              1000u);
    const Answer answer =
        ask([](const FakeQuery& query) { return std::optional{many(query, 1500)}; }, Type::a, 60s);
    EXPECT_EQ(answer.outcome, Outcome::temporary);
    EXPECT_TRUE(answer.records.empty());
    EXPECT_NE(answer.why.find("1000 records"), std::string::npos) << answer.why;
}

TEST_F(HostileAnswers, APointerToItselfIsNotFollowed) {
    const Answer answer = ask(
        [](const FakeQuery& query) {
            FakeReply reply{query};
            const std::size_t here = reply.octets().size();
            std::string record{static_cast<char>(0xc0 | (here >> 8)), static_cast<char>(here)};
            record += std::string{"\0\x0f\0\1\0\0\1\0\0\4\0\x0a\xc0\x0c", 14};
            return std::optional{reply.raw_answer(record).octets()};
        },
        Type::mx);
    EXPECT_EQ(answer.outcome, Outcome::temporary);
}

TEST_F(HostileAnswers, NamesThatGrowByCompressionStayBounded) {
    // Each record's name is two octets in the message and 255 octets when it is written out.
    const Answer answer = ask(
        [](const FakeQuery& query) {
            FakeReply reply{query};
            if (!query.tcp) return std::optional{reply.truncated().octets()};
            std::string label = "\x3d" + std::string(61, 'a');
            const std::string longest = label + label + label + label;
            std::string first{"\xc0\x0c\0\x0f\0\1\0\0\1\0\0\xfb\0\0", 14};
            const std::size_t at = reply.octets().size() + first.size();
            reply.raw_answer(first + longest + '\0');
            for (int i = 1; i < 900; ++i) {
                std::string one{"\xc0\x0c\0\x0f\0\1\0\0\1\0\0\4", 12};
                one += {static_cast<char>(i >> 8), static_cast<char>(i), static_cast<char>(0xc0 | (at >> 8)),
                        static_cast<char>(at)};
                reply.raw_answer(one);
            }
            return std::optional{reply.octets()};
        },
        Type::mx);
    std::size_t octets = 0;
    for (const std::string& record : answer.records) octets += record.size();
    EXPECT_LE(octets, max_answer_octets);
    EXPECT_EQ(answer.outcome, Outcome::temporary) << "900 times 251 octets are too many";
}

TEST_F(HostileAnswers, GarbageIsATemporaryFailure) {
    for (const std::string& garbage : {std::string(500, '\xff'), std::string(12, '\0'), std::string{"x"}}) {
        const Answer answer =
            ask([&](const FakeQuery& query) { return std::optional{query.message.substr(0, 2) + garbage}; });
        EXPECT_EQ(answer.outcome, Outcome::temporary);
    }
}

TEST_F(HostileAnswers, AnAnswerToAnotherQuestionIsNotBelieved) {
    const Answer answer = ask([](const FakeQuery& query) {
        FakeQuery other = query;
        other.message[0] = static_cast<char>(other.message[0] + 1);  // another id
        return std::optional{
            FakeReply{other}.answer(query.name, Type::a, address_rdata("192.0.2.66")).octets()};
    });
    EXPECT_EQ(answer.outcome, Outcome::temporary);
}

TEST_F(HostileAnswers, RecordsOfOtherNamesAreNotTaken) {
    const Answer answer = ask(
        [](const FakeQuery& query) {
            return std::optional{FakeReply{query}
                                     .answer("other.test", Type::a, address_rdata("192.0.2.66"))
                                     .answer(query.name, Type::a, address_rdata("192.0.2.1"))
                                     .octets()};
        },
        Type::a, 60s);
    ASSERT_EQ(answer.records.size(), 1u);
    EXPECT_EQ(parse_address(answer.records[0]), "192.0.2.1");
}

TEST_F(HostileAnswers, RecordsOfTheWrongSizeAreNothing) {
    const Answer answer = ask([](const FakeQuery& query) {
        return std::optional{FakeReply{query}.answer(query.name, Type::a, "\1\2").octets()};
    });
    for (const std::string& record : answer.records) EXPECT_FALSE(parse_address(record));
}

TEST_F(HostileAnswers, AServerThatRefusesIsATemporaryFailure) {
    for (const int rcode : {1, 2, 4, 5, 9}) {
        const Answer answer = ask([rcode](const FakeQuery& query) {
            return std::optional{FakeReply{query}.rcode(rcode).octets()};
        });
        EXPECT_EQ(answer.outcome, Outcome::temporary) << rcode;
        EXPECT_FALSE(answer.why.empty());
    }
}

}  // namespace
}  // namespace postrider::dns
