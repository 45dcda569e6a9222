#include <benchmark/benchmark.h>

#include "rights/shared_account.h"
#include "rights/test_house.h"

namespace postrider::rights {
namespace {

/// ann with 10,000 folders in 100 trees, of which bob may read half; 200 lists.
struct Large : House {
    Large() {
        auto account = own(ann);
        for (int tree = 0; tree < 100; ++tree) {
            std::string top = "tree" + std::to_string(tree);
            for (int leaf = 0; leaf < 99; ++leaf)
                last = account->create_folder(top + "/leaf" + std::to_string(leaf)).value().id;
            FolderId id = account->folder(top)->id;
            if (tree % 2 == 0) grant(owner(ann), id, Principal::account(bob->id), "lr", true);
            grant(owner(ann), last, Principal::everyone(domain), "l");
        }
    }
    FolderId last;
};

void rights_of_one_folder(benchmark::State& state) {
    static Large house;
    auto shared = house.seen_by(house.bob, house.owner(house.ann));
    for (auto _ : state) benchmark::DoNotOptimize(shared->rights(house.last).value());
}
BENCHMARK(rights_of_one_folder);

void list_10000_shared_folders(benchmark::State& state) {
    static Large house;
    auto shared = house.seen_by(house.bob, house.owner(house.ann));
    for (auto _ : state) benchmark::DoNotOptimize(shared->folders().value());
}
BENCHMARK(list_10000_shared_folders)->Unit(benchmark::kMillisecond);

void list_10000_own_folders(benchmark::State& state) {
    static Large house;
    auto account = house.own(house.ann);
    for (auto _ : state) benchmark::DoNotOptimize(account->folders().value());
}
BENCHMARK(list_10000_own_folders)->Unit(benchmark::kMillisecond);

/// The first look after an entry has changed.
void look_at_lists_anew(benchmark::State& state) {
    static Large house;
    auto owner = house.owner(house.ann);
    for (auto _ : state) {
        state.PauseTiming();
        house.grant(owner, house.last, Principal::account(house.eve->id), "lr");
        state.ResumeTiming();
        benchmark::DoNotOptimize(house.sharing->rights(*house.bob, owner, house.last).value());
    }
}
BENCHMARK(look_at_lists_anew)->Unit(benchmark::kMillisecond)->Iterations(20);

}  // namespace
}  // namespace postrider::rights
