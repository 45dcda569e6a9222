#include <benchmark/benchmark.h>

#include "filter/milter/changes.h"
#include "filter/scan/levels.h"
#include "filter/scan/rspamd.h"
#include "filter/scan/spamd.h"

namespace postrider::filter {
namespace {

std::string message(std::size_t body) {
    std::string text;
    for (int i = 0; i < 20; ++i)
        text += "X-Field-" + std::to_string(i) + ": some words that make a line of usual length\r\n";
    return text + "\r\n" + std::string(body, 'x') + "\r\n";
}

void read_levels_4k(benchmark::State& state) {  // messages per second
    const std::string text = "X-AxigenSpam-Level: 3\r\n" + message(2800);
    for (auto _ : state) benchmark::DoNotOptimize(read_levels(text));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(read_levels_4k);

void raise_level_4k(benchmark::State& state) {
    const std::string text = "X-AxigenSpam-Level: 3\r\n" + message(2800);
    for (auto _ : state) benchmark::DoNotOptimize(with_levels(text, {7, 1}));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(raise_level_4k);

void parse_spamd(benchmark::State& state) {
    const std::string reply =
        "SPAMD/1.1 0 EX_OK\r\nContent-length: 18\r\nSpam: True ; 15.0 / 5.0\r\n\r\nGTUBE,ALL_TRUSTED\n";
    for (auto _ : state) benchmark::DoNotOptimize(parse_spamd_reply(reply));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(parse_spamd);

void parse_rspamd_40_symbols(benchmark::State& state) {
    std::string reply = R"({"score":7.5,"required_score":15.0,"action":"add header","symbols":{)";
    for (int i = 0; i < 40; ++i)
        reply += (i ? ",\"SYMBOL_" : "\"SYMBOL_") + std::to_string(i)
                 + R"(":{"name":"S","score":0.1,"options":["a","b"]})";
    reply += "}}";
    for (auto _ : state) benchmark::DoNotOptimize(parse_rspamd_reply(reply));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(parse_rspamd_40_symbols);

void milter_adds_a_field_50k(benchmark::State& state) {
    const std::string text = message(50'000);
    milter::Response response;
    response.answer = milter::Answer::insert_header;
    response.name = "DKIM-Signature";
    response.value = "v=1; a=rsa-sha256;\n\tb=" + std::string(300, 'x');
    milter::Changes changes;
    changes.take(response, {});
    for (auto _ : state) benchmark::DoNotOptimize(changes.apply(text, false));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(milter_adds_a_field_50k);

}  // namespace
}  // namespace postrider::filter
