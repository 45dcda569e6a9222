#include "observe/log_queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace postrider::observe {
namespace {

LogEvent event(Level level, std::string text) {
    LogEvent e;
    e.level = level;
    e.text = std::move(text);
    return e;
}

std::vector<std::string> texts(const LogQueue::Batch& batch) {
    std::vector<std::string> all;
    for (const LogEvent* e : batch.events) all.push_back(e->text);
    return all;
}

TEST(LogQueue, KeepsTheOrderAcrossLevels) {
    LogQueue queue{10, 1 << 20};
    queue.push(event(Level::protocol, "1"));
    queue.push(event(Level::error, "2"));
    queue.push(event(Level::protocol, "3"));
    LogQueue::Batch batch;
    queue.take(batch, 0ms, 0ms);
    EXPECT_EQ(texts(batch), (std::vector<std::string>{"1", "2", "3"}));
    queue.take(batch, 0ms, 0ms);
    EXPECT_TRUE(batch.events.empty());
}

TEST(LogQueue, DropsTheLeastImportantLinesWhenItIsFull) {
    LogQueue queue{3, 1 << 20};
    queue.push(event(Level::protocol, "p1"));
    queue.push(event(Level::info, "i1"));
    queue.push(event(Level::protocol, "p2"));
    queue.push(event(Level::protocol, "p3"));  // not more important than what waits: dropped
    queue.push(event(Level::error, "e1"));     // takes p2's place
    queue.push(event(Level::critical, "c1"));  // p1's
    queue.push(event(Level::warning, "w1"));   // i1's
    queue.push(event(Level::warning, "w2"));   // nothing below a warning is left
    LogQueue::Batch batch;
    queue.take(batch, 0ms, 0ms);
    EXPECT_EQ(texts(batch), (std::vector<std::string>{"e1", "c1", "w1"}));
    EXPECT_EQ(batch.dropped, (std::array<std::uint64_t, 5>{0, 0, 1, 1, 3}));
    queue.take(batch, 0ms, 0ms);
    EXPECT_EQ(batch.dropped, (std::array<std::uint64_t, 5>{}));
}

TEST(LogQueue, CountsOctetsToo) {
    LogQueue queue{1000, 10'000};
    for (int i = 0; i < 100; ++i) queue.push(event(Level::info, std::string(1000, 'x')));
    LogQueue::Batch batch;
    queue.take(batch, 0ms, 0ms);
    EXPECT_LT(batch.events.size(), 10U);
    EXPECT_EQ(batch.events.size() + batch.dropped[3], 100U);
}

TEST(LogQueue, LosesNothingBetweenThreads) {
    LogQueue queue{1'000'000, std::size_t{1} << 30};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 5000; ++i) queue.push(event(Level::info, "x"));
        });
    }
    std::size_t seen = 0;
    LogQueue::Batch batch;
    while (seen < 20'000) {
        queue.take(batch, 100ms, 1ms);
        seen += batch.events.size();
        queue.done();
    }
    for (auto& thread : threads) thread.join();
    queue.drain();
    EXPECT_EQ(seen, 20'000U);
}

}  // namespace
}  // namespace postrider::observe
