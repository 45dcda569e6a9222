#include <benchmark/benchmark.h>

#include "imap/session/uid_map.h"
#include "imap/wire/command.h"
#include "imap/wire/fetch.h"
#include "imap/wire/receiver.h"
#include "imap/wire/store.h"

namespace postrider::imap {
namespace {

/// Commands per second: received, split into tag and verb, arguments read.
void receive_and_parse_fetch(benchmark::State& state) {
    constexpr std::string_view line =
        "A142 UID FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE "
        "FROM)])\r\n";
    Receiver receiver;
    for (auto _ : state) {
        receiver.feed(line);
        auto command = parse_command(receiver.command());
        benchmark::DoNotOptimize(parse_fetch(command->args));
        receiver.next();
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(receive_and_parse_fetch);

/// UIDs per second, in a set without neighbours.
void parse_store_1000_uids(benchmark::State& state) {
    std::string args;
    for (int uid = 1; uid < 2000; uid += 2) args += (args.empty() ? "" : ",") + std::to_string(uid);
    args += " +FLAGS (\\Seen)";
    for (auto _ : state) benchmark::DoNotOptimize(parse_store(args));
    state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(parse_store_1000_uids);

/// Messages per second: numbers of 100,000 UIDs with a gap after each tenth.
void walk_numbers(benchmark::State& state) {
    UidSet uids;
    for (std::uint32_t uid = 1; uid <= 110'000; uid += 11) uids.push_back({Uid{uid}, Uid{uid + 9}});
    UidMap map;
    map.reset(uids);
    for (auto _ : state) {
        UidMap::Walk walk{map};
        for (UidRun run : map.uids())
            for (std::uint32_t uid = run.first.value(); uid <= run.last.value(); ++uid)
                benchmark::DoNotOptimize(walk.number_of(Uid{uid}));
    }
    state.SetItemsProcessed(state.iterations() * map.size());
}
BENCHMARK(walk_numbers);

}  // namespace
}  // namespace postrider::imap
