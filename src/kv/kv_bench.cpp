#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <fstream>
#include <random>

#include "base/test_folder.h"
#include "kv/kv.h"

namespace postrider::kv {
namespace {

/// What this process has caused to be written to disk, bytes (proc(5): /proc/pid/io, write_bytes).
std::uint64_t written() {
    std::ifstream in{"/proc/self/io"};
    std::string name;
    std::uint64_t value = 0;
    while (in >> name >> value)
        if (name == "write_bytes:") return value;
    return 0;
}

std::uint64_t resident() {
    std::ifstream in{"/proc/self/status"};
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6)) << 10;
    return 0;
}

/// About 700 bytes that compress as descriptions do: words and numbers.
std::string description(std::mt19937& random) {
    static constexpr const char* words[] = {"\"text\" \"plain\" ",      "NIL ",
                                            "(\"charset\" \"utf-8\") ", "\"Subject about \"",
                                            "\"example.org\"",          "\"7bit\" "};
    std::string value;
    while (value.size() < 700) value += random() % 3 == 0 ? std::to_string(random()) : words[random() % 6];
    return value;
}

/// A delivery as the mailstore makes it: item, description, change-log entry, counters, place of the bytes.
Batch delivery(std::mt19937& random, unsigned account, unsigned uid) {
    Batch batch;
    const std::string prefix = fmt::format("a{:08}", account);
    batch.put(fmt::format("{}i1.{:08}", prefix, uid), std::string(60, static_cast<char>(random())));
    batch.put(fmt::format("{}d1.{:08}", prefix, uid), description(random));
    batch.put(fmt::format("{}c{:012}", prefix, uid), std::string(30, static_cast<char>(random())));
    batch.put(prefix + "q", std::string(40, static_cast<char>(random())));
    batch.put(fmt::format("b{:012}", static_cast<std::uint64_t>(uid) * 1000 + account), std::string(24, 'x'));
    return batch;
}

std::unique_ptr<Store> open(const TestFolder& scratch) {
    return std::move(*Store::open(scratch.path() / "kv", {}));
}

/// 500,000 deliveries to 1,000 accounts, a sync each range(0); what ends up on disk per message.
void deliveries(benchmark::State& state) {
    for (auto _ : state) {
        TestFolder scratch;
        auto store = open(scratch);
        std::mt19937 random{1};
        const std::uint64_t before = written();
        constexpr unsigned messages = 300'000;
        for (unsigned i = 0; i < messages; ++i) {
            if (!store->write(delivery(random, random() % 1000, i))) state.SkipWithError("write");
            if (i % static_cast<unsigned>(state.range(0)) == 0 && !store->sync()) state.SkipWithError("sync");
        }
        const auto stats = store->stats();
        state.counters["RSS MB"] = static_cast<double>(resident()) / 1e6;
        store.reset();
        state.counters["written B/message"] = static_cast<double>(written() - before) / messages;
        state.counters["stored B/message"] = static_cast<double>(stats.disk_bytes) / messages;
        state.SetItemsProcessed(messages);
    }
}
BENCHMARK(deliveries)->Arg(1000)->Iterations(1)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

void durable_write(benchmark::State& state) {
    static std::unique_ptr<TestFolder> scratch;
    static std::unique_ptr<Store> store;
    if (state.thread_index() == 0) {
        scratch = std::make_unique<TestFolder>();
        store = open(*scratch);
    }
    std::mt19937 random{static_cast<unsigned>(state.thread_index())};
    unsigned uid = 0;
    for (auto _ : state)
        if (!store->write(delivery(random, static_cast<unsigned>(state.thread_index()), ++uid),
                          Durability::now))
            state.SkipWithError("write");
    state.SetItemsProcessed(state.iterations());
    if (state.thread_index() == 0) {
        store.reset();
        scratch.reset();
    }
}
BENCHMARK(durable_write)->Threads(1)->Threads(16)->UseRealTime()->Unit(benchmark::kMicrosecond);

struct Listing {
    TestFolder scratch;
    std::unique_ptr<Store> store = open(scratch);
    static constexpr unsigned records = 100'000;
    Listing() {
        std::mt19937 random{1};
        for (unsigned i = 0; i < records; ++i)
            if (!store->write(delivery(random, 1, i))) std::abort();
        if (!store->compact()) std::abort();
    }
};

/// Seconds per record of a folder of 100,000 descriptions of 700 bytes, warm.
void listing(benchmark::State& state) {
    static Listing data;
    const auto access = state.range(0) == 0 ? Access::few : Access::many;
    std::uint64_t bytes = 0;
    for (auto _ : state) {
        auto cursor = data.store->scan("a00000001d1.", "a00000001d1/", nullptr, access);
        unsigned count = 0;
        for (; cursor->valid(); cursor->next()) {
            bytes += cursor->value().size();
            ++count;
        }
        if (count != Listing::records) state.SkipWithError("records");
    }
    benchmark::DoNotOptimize(bytes);
    state.SetItemsProcessed(state.iterations() * Listing::records);
    state.counters["s/record"] =
        benchmark::Counter(static_cast<double>(state.iterations()) * Listing::records,
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["RSS MB"] = static_cast<double>(resident()) / 1e6;
}
BENCHMARK(listing)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void short_scan(benchmark::State& state) {
    static Listing data;
    std::mt19937 random{1};
    for (auto _ : state) {
        const unsigned uid = random() % 2000;
        auto cursor = data.store->scan(fmt::format("a00000001i1.{:08}", uid),
                                       fmt::format("a00000001i1.{:08}", uid + 5));
        for (; cursor->valid(); cursor->next()) benchmark::DoNotOptimize(cursor->value());
    }
}
BENCHMARK(short_scan);

void point_read(benchmark::State& state) {
    static Listing data;
    std::mt19937 random{1};
    for (auto _ : state)
        benchmark::DoNotOptimize(data.store->get(fmt::format("a00000001i1.{:08}", random() % 2000)));
}
BENCHMARK(point_read);

}  // namespace
}  // namespace postrider::kv
