#include "relay/ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <set>
#include <thread>

namespace postrider::relay {
namespace {

/// One I/O thread's worth of coroutines, run by the test itself.
struct Thread {
    net::asio::io_context context{1};

    void start(Ledger& ledger, std::function<void()> job, std::function<void(std::string)> told) {
        net::asio::co_spawn(context, wait(ledger, std::move(job), std::move(told)), net::asio::detached);
    }
    static net::Task<> wait(Ledger& ledger, std::function<void()> job,
                            std::function<void(std::string)> told) {
        std::string what;
        try {
            const bool done = co_await ledger.run(job);
            what = done ? "done" : "busy";
        } catch (const std::exception& error) {
            what = error.what();
        }
        told(what);
    }
};

TEST(Ledger, DoesWhatWaitsInOneGo) {
    Thread thread;  // outlives the workers, which wake it
    net::WorkerPool workers{4, 100};
    Ledger ledger{workers};
    std::promise<void> open;
    auto opened = open.get_future().share();
    std::set<std::thread::id> at;
    std::vector<int> order;
    int done = 0;
    for (int i = 0; i < 20; ++i)
        thread.start(
            ledger,
            [&, i] {
                if (i == 0) opened.wait();
                at.insert(std::this_thread::get_id());
                order.push_back(i);
            },
            [&](const std::string& what) { done += what == "done"; });
    while (thread.context.poll_one() != 0) {
    }
    open.set_value();
    thread.context.run();
    EXPECT_EQ(done, 20);
    EXPECT_EQ(at.size(), 1u) << "nobody else was woken for it";
    EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST(Ledger, TellsEachWhatItsJobHasThrown) {
    Thread thread;  // outlives the workers, which wake it
    net::WorkerPool workers{1, 100};
    Ledger ledger{workers};
    std::vector<std::string> said;
    for (const char* what : {"", "broken", ""})
        thread.start(
            ledger,
            [what] {
                if (*what != 0) throw std::runtime_error{what};
            },
            [&](std::string one) { said.push_back(std::move(one)); });
    thread.context.run();
    EXPECT_EQ(said, (std::vector<std::string>{"done", "broken", "done"}));
}

TEST(Ledger, SaysWhenThereIsNobodyToDoIt) {
    Thread thread;  // outlives the workers, which wake it; so do the promises, which they look at
    std::promise<void> open, begun;
    auto opened = open.get_future().share();
    net::WorkerPool workers{1, 1};
    ASSERT_TRUE(workers.post([&] {
        begun.set_value();
        opened.wait();
    }));
    begun.get_future().wait();
    ASSERT_TRUE(workers.post([] {}));  // waits behind it
    Ledger ledger{workers};
    std::string said;
    thread.start(
        ledger, [] {}, [&](std::string one) { said = std::move(one); });
    thread.context.run();
    EXPECT_EQ(said, "busy");
    open.set_value();
}

TEST(Ledger, LetsGoOfThoseWhoWaitWhenTheWorkersEnd) {
    Thread thread;
    std::promise<void> open, begun;
    auto opened = open.get_future().share();
    auto workers = std::make_unique<net::WorkerPool>(1, 100);
    ASSERT_TRUE(workers->post([&] {
        begun.set_value();
        opened.wait();
    }));
    begun.get_future().wait();
    auto ledger = std::make_unique<Ledger>(*workers);
    auto held = std::make_shared<int>(1);
    bool told = false;
    thread.start(
        *ledger, [held] {}, [&told](const std::string&) { told = true; });
    thread.context.poll();
    EXPECT_EQ(held.use_count(), 2);
    std::thread later{[&] {
        std::this_thread::sleep_for(std::chrono::milliseconds{500});  // the pool is on its way out by then
        open.set_value();
    }};
    workers.reset();  // what waits is dropped
    later.join();
    ledger.reset();
    thread.context.restart();
    thread.context.poll();  // coroutines end on their own thread
    EXPECT_FALSE(told);
    EXPECT_EQ(held.use_count(), 1) << "the coroutine is gone, and what it held";
}

}  // namespace
}  // namespace postrider::relay
