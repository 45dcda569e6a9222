#include <benchmark/benchmark.h>

#include "filter/spam/generated_corpus.h"
#include "filter/spam/spam_filter.h"

namespace postrider::filter {
namespace {

constexpr std::size_t octets = 4096;

/// Messages of 4 KB per second, all warm: words and pairs of one message.
void features_of_4kb(benchmark::State& state) {
    const std::string message = GeneratedCorpus{1}.ham(octets);
    const auto parts = mime::describe(message).parts;
    for (auto _ : state) benchmark::DoNotOptimize(features_of(message, parts));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(features_of_4kb);

/// The whole of it for a message of 4 KB in which hardly a word comes twice: the worst case.
void judge_varied_4kb(benchmark::State& state) {
    GeneratedCorpus corpus{3};
    CountTable server{1 << 20};
    std::vector<std::string> messages;
    std::vector<std::vector<mime::Part>> parts;
    for (int i = 0; i < 64; ++i) {
        messages.push_back(corpus.varied(octets));
        parts.push_back(mime::describe(messages.back()).parts);
        server.learn(features_of(messages.back(), parts.back()),
                     i % 2 == 0 ? MailClass::ham : MailClass::spam);
    }
    std::size_t at = 0;
    for (auto _ : state) {
        const std::size_t which = at++ % messages.size();
        benchmark::DoNotOptimize(signs_of(messages[which], parts[which], Time{}, {}));
        benchmark::DoNotOptimize(likelihood(features_of(messages[which], parts[which]), server, nullptr));
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(judge_varied_4kb);

void signs_of_4kb(benchmark::State& state) {
    const std::string message = GeneratedCorpus{1}.ham(octets);
    const auto parts = mime::describe(message).parts;
    for (auto _ : state) benchmark::DoNotOptimize(signs_of(message, parts, Time{}, {}));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(signs_of_4kb);

/// Features against the server's table and a user's, after 1,000 messages; a different message each time.
void likelihood_of_4kb(benchmark::State& state) {
    GeneratedCorpus corpus{2};
    CountTable server{1 << 20}, user{1 << 16};
    for (int i = 0; i < 500; ++i) {
        server.learn(features_of(corpus.ham(octets)), MailClass::ham);
        server.learn(features_of(corpus.spam(octets)), MailClass::spam);
    }
    for (int i = 0; i < 20; ++i) {
        user.learn(features_of(corpus.ham(octets)), MailClass::ham);
        user.learn(features_of(corpus.spam(octets)), MailClass::spam);
    }
    std::vector<Features> fresh;
    for (int i = 0; i < 64; ++i)
        fresh.push_back(features_of(i % 2 == 0 ? corpus.ham(octets) : corpus.spam(octets)));
    std::size_t at = 0;
    for (auto _ : state) benchmark::DoNotOptimize(likelihood(fresh[at++ % fresh.size()], server, &user));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(likelihood_of_4kb);

void learn_4kb(benchmark::State& state) {
    const Features features = features_of(GeneratedCorpus{1}.ham(octets));
    CountTable server{1 << 20};
    for (auto _ : state) server.learn(features, MailClass::ham);
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(learn_4kb);

}  // namespace
}  // namespace postrider::filter
