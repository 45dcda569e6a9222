#include <benchmark/benchmark.h>

#include <cmath>
#include <random>

#include "base/test_folder.h"
#include "index/builder.h"
#include "index/merge.h"
#include "index/reader.h"

namespace postrider::index {
namespace {

constexpr FolderId folder{1};

/// Words as often as in a language: few common ones, many rare ones.
std::string prose(std::mt19937& random, std::size_t octets) {
    std::string text;
    std::uniform_real_distribution<double> even{0, 1};
    while (text.size() < octets) {
        auto rank = static_cast<std::uint64_t>(std::pow(40'000.0, even(random)));
        for (std::uint64_t x = rank * 2654435761u % 1'000'003 + 27; x > 0; x /= 26)
            text += static_cast<char>('a' + x % 26);
        text += random() % 12 == 0 ? ". " : random() % 10 == 0 ? "\r\n" : " ";
    }
    return text;
}

void add_message(Builder& builder, std::mt19937& random, std::uint32_t uid) {
    builder.begin({folder, Uid{uid}});
    const std::string subject = prose(random, 40);
    builder.add(Field::subject, subject);
    builder.add(Field::from, "Alice Example <alice@example.org>");
    builder.add(Field::header,
                "Received: from host" + std::to_string(uid % 50) + ".example.org by mail with ESMTP id "
                    + std::to_string(random()) + "; Fri, 20 Nov 2026 10:00:00 +0000\nMessage-ID: <"
                    + std::to_string(random()) + "." + std::to_string(random()) + "@example.org>\nSubject: "
                    + subject + "\nFrom: Alice Example <alice@example.org>\nTo: bob@example.org\n");
    builder.add(Field::body, prose(random, 4000));
}

void add_a_message_of_4_kb(benchmark::State& state) {
    TestFolder scratch;
    std::mt19937 random{1};
    Builder builder;
    std::uint32_t uid = 0;
    std::vector<std::string> bodies;
    for (int i = 0; i < 500; ++i) bodies.push_back(prose(random, 4000));
    for (auto _ : state) {
        builder.begin({folder, Uid{++uid}});
        builder.add(Field::body, bodies[uid % bodies.size()]);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(add_a_message_of_4_kb);

/// 100,000 messages of 4 KB, in segments as they come and merged.
struct Large {
    Large() {
        std::mt19937 random{2};
        Builder builder;
        for (std::uint32_t uid = 1; uid <= 100'000; ++uid) {
            add_message(builder, random, uid);
            if (builder.memory() > 24u << 20 || uid == 100'000) {
                const auto path = scratch.path() / std::to_string(uid);
                (void)builder.write(path, false);
                parts.push_back(*Segment::open(path));
            }
        }
        (void)merge(
            parts, scratch.path() / "all", [](DocumentId) { return true; }, [] { return true; });
        whole.push_back(*Segment::open(scratch.path() / "all"));
    }
    TestFolder scratch;
    std::vector<std::shared_ptr<const Segment>> parts, whole;
};
const Large& large() {
    static const Large made;
    return made;
}

void find(benchmark::State& state, std::string_view key, bool merged) {
    const Reader reader{merged ? large().whole : large().parts};
    std::size_t hits = 0;
    for (auto _ : state) {
        const Found found = reader.find(folder, Field::body | Field::header, key);
        hits = 0;
        for (const auto& run : found.yes) hits += run.last.value() - run.first.value() + 1;
        for (const auto& run : found.maybe) hits += run.last.value() - run.first.value() + 1;
    }
    state.counters["hits"] = static_cast<double>(hits);
    state.counters["bytes/message"] = static_cast<double>(large().whole[0]->bytes()) / 100'000;
    state.counters["parts"] = static_cast<double>(merged ? 1 : large().parts.size());
}
void find_in_100000(benchmark::State& state, std::string_view key) {
    find(state, key, true);
}
void find_in_parts_of_100000(benchmark::State& state, std::string_view key) {
    find(state, key, false);
}
BENCHMARK_CAPTURE(find_in_100000, rare, "12345");
BENCHMARK_CAPTURE(find_in_100000, some, "HOST17.EXAMPLE");
BENCHMARK_CAPTURE(find_in_100000, none, "NOTHINGLIKEIT");
BENCHMARK_CAPTURE(find_in_100000, everywhere, "EXAMPLE");
BENCHMARK_CAPTURE(find_in_100000, two_letters, "QX");
BENCHMARK_CAPTURE(find_in_100000, phrase, "ALICE EXAMPLE");
BENCHMARK_CAPTURE(find_in_parts_of_100000, rare, "12345");
BENCHMARK_CAPTURE(find_in_parts_of_100000, two_letters, "QX");

void merge_100000(benchmark::State& state) {
    for (auto _ : state)
        (void)merge(
            large().parts, large().scratch.path() / "again", [](DocumentId) { return true; },
            [] { return true; });
    state.SetItemsProcessed(state.iterations() * 100'000);
}
BENCHMARK(merge_100000)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace postrider::index
