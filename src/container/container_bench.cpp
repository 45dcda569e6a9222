#include <benchmark/benchmark.h>

#include <fstream>

#include "base/test_folder.h"
#include "container/compress.h"
#include "container/container.h"
#include "container/mail_for_tests.h"

namespace postrider::container {
namespace {

std::string sample(std::int64_t size) {
    return mail(static_cast<std::size_t>(size), 1, size > 20'000);
}

/// CPU of making a record ready: size, text (0) or an attachment of random bytes (1), effort.
void make_record(benchmark::State& state) {
    const std::string message = mail(static_cast<std::size_t>(state.range(0)), 1, state.range(1) != 0);
    const auto effort = static_cast<Effort>(state.range(2));
    std::uint64_t stored = 0;
    for (auto _ : state) {
        Record record = Record::make("envelope", message, Codec::packed, effort);
        stored = record.stored_size();
        benchmark::DoNotOptimize(record);
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(message.size()) * state.iterations());
    state.counters["stored/raw"] = static_cast<double>(stored) / static_cast<double>(message.size());
}
BENCHMARK(make_record)
    ->ArgNames({"size", "attachment", "quick"})
    ->Args({4096, 0, 0})
    ->ArgsProduct({{50'000, 1'000'000}, {0, 1}, {0, 1}});

void unpack_payload(benchmark::State& state) {
    const std::string message = sample(state.range(0));
    std::string stored;
    const Codec codec = compress(stored, message, Codec::packed);
    for (auto _ : state)
        benchmark::DoNotOptimize(decompress(stored, codec, static_cast<std::uint32_t>(message.size())));
    state.SetBytesProcessed(static_cast<std::int64_t>(message.size()) * state.iterations());
}
BENCHMARK(unpack_payload)->Arg(4096)->Arg(50'000)->Arg(1'000'000);

/// Bytes written so far by the device that BENCH_DEVICE names (loop0), else by the busiest: the journal
/// counts too.
std::uint64_t device_bytes() {
    std::ifstream in{"/proc/diskstats"};
    std::string line;
    std::uint64_t most = 0;
    const char* device = std::getenv("BENCH_DEVICE");
    for (std::uint64_t major = 0, minor = 0, n = 0; in >> major >> minor >> line;) {
        std::uint64_t written = 0;
        for (int field = 0; field < 7; ++field) {
            in >> n;
            if (field == 6) written = n;
        }
        if (!device || line == device) most = std::max(most, written * 512);
        std::getline(in, line);
    }
    return most;
}

/// Durable 4 KB messages: groups of range(0), with range(1) MiB of zeros written ahead (0: laid out only).
void append_and_sync(benchmark::State& state) {
    TestFolder scratch;
    auto location = Location::open(1, {.directory = scratch.path() / "mail",
                                       .max_file_bytes = 1u << 30,
                                       .zero_ahead_bytes = static_cast<std::uint64_t>(state.range(1)) << 20});
    const auto size = static_cast<std::size_t>(state.range(0));
    std::vector<Record> records;
    for (unsigned i = 0; i < 64; ++i) records.push_back(Record::make("envelope", mail(4096, i)));
    std::vector<Record*> group;
    for (std::size_t i = 0; i < size; ++i) group.push_back(&records[i % records.size()]);
    const auto before = device_bytes();
    for (auto _ : state)
        if (!(*location)->append(group) || !(*location)->sync()) state.SkipWithError("append");
    state.SetItemsProcessed(static_cast<std::int64_t>(size) * state.iterations());
    state.counters["device B/message"] =
        static_cast<double>(device_bytes() - before) / static_cast<double>(size * state.iterations());
    state.counters["stored B/message"] = static_cast<double>((*location)->usage().live_bytes)
                                         / static_cast<double>((*location)->usage().records);
}
BENCHMARK(append_and_sync)->ArgsProduct({{1, 8, 32}, {1, 0}})->UseRealTime()->Unit(benchmark::kMicrosecond);

void read_whole(benchmark::State& state) {
    TestFolder scratch;
    auto location = Location::open(1, {.directory = scratch.path() / "mail"});
    Record record = Record::make("envelope", sample(state.range(0)));
    Record* const group[] = {&record};
    const auto placed = (*location)->append(group)->front();
    for (auto _ : state) benchmark::DoNotOptimize((*location)->read(placed.id, placed.extent));
}
BENCHMARK(read_whole)->Arg(4096)->Arg(1'000'000);

void read_start(benchmark::State& state) {
    TestFolder scratch;
    auto location = Location::open(1, {.directory = scratch.path() / "mail"});
    Record record = Record::make("envelope", sample(state.range(0)));
    Record* const group[] = {&record};
    const auto placed = (*location)->append(group)->front();
    for (auto _ : state) benchmark::DoNotOptimize((*location)->read_head(placed.id, placed.extent, 2000));
}
BENCHMARK(read_start)->Arg(4096)->Arg(1'000'000);

void release_record(benchmark::State& state) {
    TestFolder scratch;
    auto location = Location::open(1, {.directory = scratch.path() / "mail", .max_file_bytes = 2u << 30});
    Record record = Record::make("envelope", mail(4096, 1));
    Record* const group[] = {&record};
    for (auto _ : state) {
        state.PauseTiming();
        const auto placed = (*location)->append(group)->front();
        state.ResumeTiming();
        if (!(*location)->release(placed.id, placed.extent)) state.SkipWithError("release");
    }
}
BENCHMARK(release_record)->Iterations(5000);

}  // namespace
}  // namespace postrider::container
