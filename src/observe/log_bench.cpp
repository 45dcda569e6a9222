#include <benchmark/benchmark.h>

#include <filesystem>

#include "observe/log_service.h"

// Cost for the thread that logs; items are lines.
namespace postrider::observe {
namespace {

void level_off(benchmark::State& state) {
    SystemClock clock;
    Metrics metrics;
    LogOptions options;
    options.directory = "/tmp/postrider-log-bench";
    LogService service{options, clock, metrics};
    Logger logger = service.logger("SMTP-IN");
    for (auto _ : state) logger.protocol(SessionId{1}, ">> {} {}", 250, "OK");
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(level_off);

void info_line(benchmark::State& state) {
    SystemClock clock;
    Metrics metrics;
    LogOptions options;
    options.directory = "/tmp/postrider-log-bench";
    options.rules[0].file_count = 1;
    LogService service{options, clock, metrics};
    Logger logger = service.logger("SMTP-IN");
    std::uint64_t n = 0;
    for (auto _ : state) {
        logger.info(SessionId{1}, "New mail <{}@example.org> received from {} ({}), enqueued with id {:06X}",
                    n, "mx", "192.0.2.1", n);
        ++n;
        if (n % 20'000 == 0) {  // the rate of a server, not of a loop: nothing is dropped
            state.PauseTiming();
            service.flush();
            state.ResumeTiming();
        }
    }
    state.SetItemsProcessed(state.iterations());
    state.counters["dropped"] = static_cast<double>(metrics.counter("log.dropped", "").value());
}
BENCHMARK(info_line);

/// Queue and writing together: what a line costs the machine.
void info_line_written(benchmark::State& state) {
    SystemClock clock;
    Metrics metrics;
    LogOptions options;
    options.directory = "/tmp/postrider-log-bench";
    options.rules[0].file_count = 1;
    LogService service{options, clock, metrics};
    Logger logger = service.logger("SMTP-IN");
    for (auto _ : state) {
        for (int i = 0; i < 10'000; ++i) logger.info(SessionId{1}, "Mail {} delivered to mailbox 'INBOX'", i);
        service.flush();
    }
    state.SetItemsProcessed(10'000 * state.iterations());
    std::filesystem::remove_all(options.directory);
}
BENCHMARK(info_line_written)->MeasureProcessCPUTime()->UseRealTime();

}  // namespace
}  // namespace postrider::observe
