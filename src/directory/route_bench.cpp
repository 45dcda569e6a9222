#include <benchmark/benchmark.h>

#include "directory/test_directory.h"

namespace postrider::directory {
namespace {

TestDirectory& filled() {
    static TestDirectory t;
    static bool done = [] {
        std::vector<NewAccount> accounts(10'000);
        for (std::size_t i = 0; i < accounts.size(); ++i) accounts[i].name = "user" + std::to_string(i);
        return t.directory->create_accounts(t.domain, accounts).has_value();
    }();
    if (!done) throw std::runtime_error{"no accounts"};
    return t;
}

void route_cached(benchmark::State& state) {  // recipients per second
    Directory& d = *filled().directory;
    mime::AddrSpec address{"User77", "example.org"};
    for (auto _ : state) benchmark::DoNotOptimize(d.route(address));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(route_cached)->ThreadRange(1, 2);

void route_over_ten_thousand(benchmark::State& state) {
    Directory& d = *filled().directory;
    std::vector<mime::AddrSpec> all;
    for (int i = 0; i < 10'000; ++i)
        all.push_back({"user" + std::to_string(i * 7919 % 10'000), "example.org"});
    std::size_t i = 0;
    for (auto _ : state) benchmark::DoNotOptimize(d.route(all[i++ % all.size()]));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(route_over_ten_thousand);

void route_unknown(benchmark::State& state) {
    Directory& d = *filled().directory;
    mime::AddrSpec address{"nobody", "example.org"};
    for (auto _ : state) benchmark::DoNotOptimize(d.route(address));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(route_unknown);

void effective_settings(benchmark::State& state) {
    TestDirectory& t = filled();
    AccountId id = (*t.directory->account(mime::AddrSpec{"user5", "example.org"}))->id;
    for (auto _ : state) benchmark::DoNotOptimize(t.directory->effective(id));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(effective_settings);

void open_with_a_thousand_domains(benchmark::State& state) {  // starts per second
    static TestDirectory t;
    static bool done = [] {
        for (int i = 0; i < 1000; ++i)
            if (!t.directory->create_domain({"domain" + std::to_string(i) + ".example", "x"})) return false;
        return true;
    }();
    if (!done) throw std::runtime_error{"no domains"};
    for (auto _ : state) benchmark::DoNotOptimize(Directory::open(*t.store, t.clock));
}
BENCHMARK(open_with_a_thousand_domains)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace postrider::directory
