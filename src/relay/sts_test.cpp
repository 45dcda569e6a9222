#include "relay/sts.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>
#include <filesystem>

#include "base/test_folder.h"
#include "dns/fake_resolver.h"
#include "net/run_task.h"
#include "net/test_server.h"
#include "observe/memory_log.h"
#include "relay/https.h"
#include "relay/sts_policy.h"

namespace postrider::relay {
namespace {

using Mode = StsPolicy::Mode;

constexpr std::string_view good_policy =
    "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmx: "
    "backupmx.example.com\r\n"
    "max_age: 604800\r\n";

std::optional<std::string> id_of(std::vector<std::string> texts) {
    return sts_id(texts);
}

TEST(StsRecord, HasAnId) {
    EXPECT_EQ(id_of({"v=STSv1; id=20160831085700Z;"}), "20160831085700Z") << "RFC 8461 §3.1";
    EXPECT_EQ(id_of({"v=STSv1;id=1"}), "1");
    EXPECT_EQ(id_of({"v=STSv1 ; new=x; id=a ; id=b"}), "a");
}

TEST(StsRecord, OtherTextsDoNotCountButTwoRecordsAreNone) {
    EXPECT_EQ(id_of({"v=spf1 -all", "v=STSv1; id=1;"}), "1");
    EXPECT_EQ(id_of({"v=STSv1; id=1;", "v=STSv1; id=2;"}), std::nullopt);
    for (const std::string text :
         {"", "v=STSv1", "v=STSv1;", "v=STSv1; id=;", "v=STSv1; id=a-b;", "v=stsv1; id=1;", "v=STSv2; id=1;",
          " v=STSv1; id=1;", "v=STSv1; id=123456789012345678901234567890123"})
        EXPECT_EQ(id_of({text}), std::nullopt) << text;
}

TEST(StsPolicyFile, IsReadAsTheRfcsExample) {
    auto policy = parse_sts_policy(good_policy);
    ASSERT_TRUE(policy) << policy.error();
    EXPECT_EQ(policy->mode, Mode::enforce);
    EXPECT_EQ(policy->mx,
              (std::vector<std::string>{"mail.example.com", "*.example.net", "backupmx.example.com"}));
    EXPECT_EQ(policy->max_age, std::chrono::seconds{604800});
    EXPECT_EQ(policy->text, good_policy);
}

TEST(StsPolicyFile, TheFirstOfRepeatedFieldsCountsAndUnknownOnesDoNot) {
    auto policy = parse_sts_policy(
        "version:STSv1\nfuture: x\nmode:testing\nmode:enforce\nmx:A.Example\nmax_age:1\nmax_age:2");
    ASSERT_TRUE(policy) << policy.error();
    EXPECT_EQ(policy->mode, Mode::testing);
    EXPECT_EQ(policy->mx, (std::vector<std::string>{"a.example"}));
    EXPECT_EQ(policy->max_age, std::chrono::seconds{1});
}

TEST(StsPolicyFile, ModeNoneNeedsNoHosts) {
    EXPECT_TRUE(parse_sts_policy("version: STSv1\nmode: none\nmax_age: 86400\n"));
    EXPECT_FALSE(parse_sts_policy("version: STSv1\nmode: enforce\nmax_age: 86400\n"));
}

TEST(StsPolicyFile, WhatIsNotOneIsRefused) {
    for (const std::string text :
         {"", "<html></html>", "version: STSv2\nmode: none\nmax_age: 1\n", "mode: none\nmax_age: 1\n",
          "version: STSv1\nmode: strict\nmx: a.example\nmax_age: 1\n", "version: STSv1\nmode: none\n",
          "version: STSv1\nmode: none\nmax_age: -1\n", "version: STSv1\nmode: none\nmax_age: 1s\n",
          "version: STSv1\nmode: none\nmax_age: 99999999999\n",
          "version: STSv1\nmode: enforce\nmx: a b\nmax_age: 1\n",
          "version: STSv1\nmode: enforce\nmx: a.*.example\nmax_age: 1\n"})
        EXPECT_FALSE(parse_sts_policy(text)) << text;
    EXPECT_FALSE(parse_sts_policy(std::string(max_sts_policy + 1, '\n')));
    EXPECT_EQ(parse_sts_policy("version: STSv1\nmode: none\nmax_age: 9999999999\n")->max_age.count(),
              31'557'600);
}

/// A web server of one answer, and a finder that trusts its certificate.
class Sts : public testing::Test {
protected:
    void SetUp() override {
        certificate = (folder.path() / "cert.pem").string();
        ASSERT_TRUE(
            net::write_self_signed_certificate(certificate, {"mta-sts.example.com", "mta-sts.slow.example"}));
        net::TlsOptions tls;
        tls.cert_file = certificate;
        server_tls = net::TlsContext::server(tls);
        auto opened = kv::Store::open(folder.path() / "kv", {});
        ASSERT_TRUE(opened);
        store = std::move(*opened);
        server = std::make_unique<net::TestServer>(
            [this](std::unique_ptr<net::Stream> stream) { return serve(std::move(stream)); });
        for (const std::string domain : {"example.com", "slow.example", "wrongname.example"}) {
            resolver.add("mta-sts." + domain, dns::Type::a, dns::address_rdata("127.0.0.1"));
            publish(domain, "1");
        }
        finder = make();
    }
    void TearDown() override {
        finder.reset();
        server.reset();
    }
    std::unique_ptr<StsFinder> make() {
        StsOptions options;
        options.ca_file = certificate;
        options.port = server->address().port;
        options.patience = std::chrono::seconds{60};
        auto made = std::make_unique<StsFinder>(resolver, *store, clock, log.logger(), metrics, options);
        EXPECT_TRUE(made->load());
        return made;
    }
    void publish(const std::string& domain, const std::string& id) {
        resolver.remove("_mta-sts." + domain, dns::Type::txt);
        if (!id.empty())
            resolver.add("_mta-sts." + domain, dns::Type::txt, dns::txt_rdata("v=STSv1; id=" + id + ";"));
    }
    net::Task<> serve(std::unique_ptr<net::Stream> stream) {
        co_await stream->start_tls(server_tls);
        while (true) {
            const net::Line line = co_await stream->read_line(1000);
            if (line.text.empty()) break;
            if (line.text.starts_with("GET ")) request = line.text;
        }
        ++requests;
        stream->send(reply);
        co_await stream->flush();
        co_await stream->close();
    }
    static std::string ok(std::string_view body, std::string_view type = "text/plain; charset=utf-8") {
        return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", type,
                           body.size(), body);
    }
    StsPolicy ask(const std::string& domain = "example.com") {
        return net::run_task(context, finder->policy(domain));
    }

    TestFolder folder;
    net::asio::io_context context{1};
    std::string certificate, reply = ok(good_policy), request;
    std::atomic<int> requests = 0;
    std::shared_ptr<net::TlsContext> server_tls;
    std::unique_ptr<kv::Store> store;
    std::unique_ptr<net::TestServer> server;
    dns::FakeResolver resolver;
    ManualClock clock{Time{std::chrono::seconds{1'700'000'000}}};
    observe::MemoryLog log;
    observe::Metrics metrics;
    std::unique_ptr<StsFinder> finder;
};

TEST_F(Sts, APolicyIsFetchedOnceAndOutlivesTheServer) {
    EXPECT_EQ(ask().mode, Mode::enforce);
    EXPECT_EQ(request, "GET /.well-known/mta-sts.txt HTTP/1.1");
    const StsPolicy again = ask();
    EXPECT_EQ(again.mode, Mode::enforce);
    EXPECT_EQ(again.id, "1");
    EXPECT_EQ(requests, 1);
    finder = make();
    EXPECT_EQ(ask().mx.size(), 3u);
    EXPECT_EQ(requests, 1);
}

TEST_F(Sts, ANewIdMeansANewPolicy) {
    ask();
    reply = ok("version: STSv1\nmode: testing\nmx: other.example\nmax_age: 86400\n");
    publish("example.com", "2");
    EXPECT_EQ(ask().mode, Mode::testing);
    EXPECT_EQ(requests, 2);
}

TEST_F(Sts, WithoutARecordNothingIsFetchedButTheCachedPolicyHolds) {
    publish("example.com", "");
    EXPECT_EQ(ask().mode, Mode::none);
    EXPECT_EQ(requests, 0);
    publish("example.com", "1");
    ask();
    publish("example.com", "");
    EXPECT_EQ(ask().mode, Mode::enforce);
    resolver.set("_mta-sts.example.com", dns::Type::txt, dns::Outcome::temporary);
    EXPECT_EQ(ask().mode, Mode::enforce);
    clock.advance(std::chrono::seconds{604801});
    EXPECT_EQ(ask().mode, Mode::none) << "it is too old";
}

TEST_F(Sts, AFailedFetchLeavesTheOldPolicyAndIsNotRepeatedForFiveMinutes) {
    ask();
    reply = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";
    publish("example.com", "2");
    EXPECT_EQ(ask().mode, Mode::enforce);
    EXPECT_EQ(ask().id, "1");
    EXPECT_EQ(requests, 2);
    clock.advance(std::chrono::minutes{6});
    reply = ok("version: STSv1\nmode: none\nmax_age: 86400\n");
    EXPECT_EQ(ask().mode, Mode::none);
    EXPECT_EQ(requests, 3);
}

TEST_F(Sts, WhatIsNotAPolicyCountsForNothing) {
    const std::pair<std::string, std::string> cases[] = {
        {"HTTP/1.1 302 Found\r\nLocation: https://mta-sts.example.com/x\r\nContent-Length: 0\r\n\r\n", "302"},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404"},
        {ok(good_policy, "text/html"), "text/plain"},
        {ok("nonsense"), "colon"},
        {"garbage\r\n\r\n", "not understood"},
        {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\nversion: STSv1\n",
         "not understood"},
        {ok(std::string(70'000, 'x')), "not understood"},
        {"HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", "not understood"},
        {"", "not understood"},
    };
    for (const auto& [answer, why] : cases) {
        reply = answer;
        auto fetched = net::run_task(context, finder->fetch("example.com"));
        EXPECT_NE(fetched.problem.find(why), std::string::npos)
            << answer.substr(0, 100) << ": " << fetched.problem;
        EXPECT_FALSE(fetched.result.empty());
    }
    EXPECT_EQ(ask().mode, Mode::none);
}

TEST_F(Sts, TheCertificateMustBeOfThePolicysHost) {
    auto fetched = net::run_task(context, finder->fetch("wrongname.example"));
    EXPECT_EQ(fetched.result, "sts-webpki-invalid") << fetched.problem;
    EXPECT_EQ(ask("wrongname.example").mode, Mode::none);
    EXPECT_EQ(requests, 0);
    finder->configure({"", server->address().port, std::chrono::seconds{5}});
    EXPECT_EQ(ask().mode, Mode::none) << "the system's authorities have not signed it";
}

TEST_F(Sts, AnAnswerInPiecesIsOne) {
    reply =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
        "f\r\nversion: STSv1\n\r\n2f\r\nmode: enforce\nmx: a.example.com\nmax_age: 86400\n\r\n0\r\n\r\n";
    EXPECT_EQ(ask().mx, (std::vector<std::string>{"a.example.com"}));
}

TEST_F(Sts, ManyWhoAskAtOnceShareOneFetch) {
    std::vector<Mode> modes;
    auto one = [](StsFinder& from, std::vector<Mode>& into) -> net::Task<> {
        const StsPolicy policy = co_await from.policy("example.com");
        into.push_back(policy.mode);
    };
    for (int i = 0; i < 5; ++i) net::asio::co_spawn(context, one(*finder, modes), net::asio::detached);
    context.restart();
    context.run();
    EXPECT_EQ(modes, (std::vector<Mode>(5, Mode::enforce)));
    EXPECT_EQ(requests, 1);
}

TEST_F(Sts, OldPoliciesAreFetchedAnewBeforeTheyRunOut) {
    ask();
    net::run_task(context, finder->refresh());
    EXPECT_EQ(requests, 1) << "it is fresh";
    clock.advance(std::chrono::hours{25});
    reply = ok("version: STSv1\nmode: testing\nmx: a.example\nmax_age: 604800\n");
    net::run_task(context, finder->refresh());
    EXPECT_EQ(requests, 2);
    EXPECT_EQ(ask().mode, Mode::testing);
    EXPECT_EQ(requests, 2);
}

TEST(StsCache, IsBounded) {
    TestFolder folder;
    auto store = kv::Store::open(folder.path() / "kv", {});
    ASSERT_TRUE(store);
    StsCache cache{**store};
    const Time now{std::chrono::seconds{1'700'000'000}};
    for (std::size_t i = 0; i < StsCache::max_domains + 10; ++i) {
        StsCache::Entry entry;
        entry.policy = *parse_sts_policy(good_policy);
        entry.fetched = now + std::chrono::seconds{i};
        ASSERT_TRUE(cache.put("d" + std::to_string(i) + ".example", std::move(entry)));
    }
    EXPECT_EQ(cache.size(), StsCache::max_domains);
    EXPECT_FALSE(cache.find("d0.example", now)) << "it would have expired first";
    StsCache again{**store};
    ASSERT_TRUE(again.load(now));
    EXPECT_EQ(again.size(), StsCache::max_domains);
    ASSERT_TRUE(again.erase("d20.example"));
    EXPECT_FALSE(again.find("d20.example", now));
}

TEST(StsCache, RecordsThatCannotBeReadAreNothing) {
    StsCache::Entry entry;
    entry.policy = *parse_sts_policy(good_policy);
    entry.policy.id = "7";
    entry.fetched = Time{std::chrono::seconds{1'700'000'000}};
    const std::string record = encode_sts(entry);
    auto back = decode_sts(record);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->policy.id, "7");
    EXPECT_EQ(back->fetched, entry.fetched);
    EXPECT_EQ(back->policy.mx, entry.policy.mx);
    for (std::size_t i = 0; i < record.size(); ++i)
        EXPECT_FALSE(decode_sts(std::string_view{record}.substr(0, i)));
    EXPECT_FALSE(decode_sts(record + "x"));
}

}  // namespace
}  // namespace postrider::relay
