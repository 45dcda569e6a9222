#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "sieve/sieve.h"

namespace {

using namespace postrider;

class Nobody final : public sieve::Environment {
public:
    Time now() const override { return {}; }
    std::vector<std::string> own_addresses() override { return {"ann@example.com"}; }
};

std::string hundred_rules() {
    std::string script = "require [\"fileinto\", \"copy\", \"imap4flags\", \"regex\"];\r\n";
    for (int i = 0; i < 100; ++i) {
        switch (i % 5) {
            case 0:
                script += fmt::format(
                    "if header :contains \"Subject\" \"offer number {}\" {{ fileinto \"A{}\"; stop; }}\r\n",
                    i, i);
                break;
            case 1:
                script += fmt::format(
                    "if address :is \"From\" [\"list{}@example.net\", \"x{}@example.net\"] {{ fileinto "
                    "\"L\"; stop; }}\r\n",
                    i, i);
                break;
            case 2:
                script += fmt::format(
                    "if header :matches \"List-Id\" \"*<list{}.*>*\" {{ fileinto \"L{}\"; stop; }}\r\n", i,
                    i);
                break;
            case 3:
                script += fmt::format(
                    "if allof (header :contains [\"To\", \"Cc\"] \"team{}@\", size :over 100K) {{ addflag "
                    "\"t{}\"; }}\r\n",
                    i, i);
                break;
            default:
                script += fmt::format(
                    "if not exists \"Date\" {{ discard; }} elsif header :contains \"X-Mailer\" \"bulk{}\" {{ "
                    "discard; }}\r\n",
                    i);
        }
    }
    return script;
}

std::string message() {
    std::string text =
        "Return-Path: <bob@example.net>\r\n"
        "Received: from mx.example.net (mx.example.net [192.0.2.1])\r\n by mail.example.com with ESMTPS id "
        "1\r\n"
        " for <ann@example.com>; Fri, 20 Nov 2026 10:00:00 +0000\r\n"
        "DKIM-Signature: v=1; a=rsa-sha256; d=example.net; s=s; h=from:to; bh=abc=; b=def=\r\n"
        "From: \"Bob Builder\" <bob@example.net>\r\nTo: Ann <ann@example.com>, Carl <carl@example.com>\r\n"
        "Cc: =?utf-8?q?Gr=C3=BCn?= <gruen@example.org>\r\nSubject: =?utf-8?b?w4RyZ2Vy?= with the order of "
        "Friday\r\n"
        "Date: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.net>\r\nList-Id: News "
        "<news.example.net>\r\n"
        "X-Mailer: Something 1.0\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
    for (int i = 0; i < 50; ++i)
        text += "The quick brown fox jumps over the lazy dog and goes home again.\r\n";
    return text;
}

/// One message through a script of 100 rules of which none stops: messages per second.
void run_100_rules(benchmark::State& state) {
    auto compiled = sieve::compile(hundred_rules());
    std::string text = message();
    Nobody nobody;
    for (auto _ : state) {
        sieve::Message mail{"", text, {.from = "bob@example.net", .to = "ann@example.com"}};
        benchmark::DoNotOptimize(sieve::run(*compiled->script, mail, nobody));
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(run_100_rules);

/// The same for an owner whose script has one rule.
void run_1_rule(benchmark::State& state) {
    auto compiled =
        sieve::compile("require \"fileinto\"; if header :contains \"Subject\" \"x\" { fileinto \"y\"; }");
    std::string text = message();
    Nobody nobody;
    for (auto _ : state) {
        sieve::Message mail{"", text, {.from = "bob@example.net", .to = "ann@example.com"}};
        benchmark::DoNotOptimize(sieve::run(*compiled->script, mail, nobody));
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(run_1_rule);

/// Scripts of 100 rules compiled in a second.
void compile_100_rules(benchmark::State& state) {
    std::string script = hundred_rules();
    for (auto _ : state) benchmark::DoNotOptimize(sieve::compile(script));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(compile_100_rules);

}  // namespace
