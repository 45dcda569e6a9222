#include "observe/metrics.h"

#include <gtest/gtest.h>

#include <thread>

namespace postrider::observe {
namespace {

TEST(Metrics, AreListedByName) {
    Metrics metrics;
    metrics.gauge("smtp.sessions.open", "Open sessions.").add(3);
    metrics.counter("imap.logins", "Log-ins.").add();
    metrics.gauge("smtp.sessions.open", "again").sub();
    auto all = metrics.list();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].name, "imap.logins");
    EXPECT_EQ(all[0].kind, Metric::Kind::counter);
    EXPECT_EQ(all[1].name, "smtp.sessions.open");
    EXPECT_EQ(all[1].help, "Open sessions.");
    EXPECT_EQ(all[1].value, 2);
}

TEST(Metrics, CountFromManyThreads) {
    Metrics metrics;
    Counter& counter = metrics.counter("n", "");
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 10'000; ++i) counter.add();
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(counter.value(), 40'000U);
}

}  // namespace
}  // namespace postrider::observe
