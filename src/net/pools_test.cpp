#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <future>
#include <thread>

#include "base/test_eventually.h"
#include "net/pools.h"
#include "net/run_task.h"

namespace postrider::net {
namespace {

using namespace std::chrono_literals;

Task<std::string> ask(WorkerPool& pool, std::thread::id home) {
    auto job = [home] {
        return std::this_thread::get_id() == home ? std::string{"same"} : std::string{"elsewhere"};
    };
    std::string where = co_await pool.run(std::move(job));
    co_return where + (std::this_thread::get_id() == home ? " and back" : " and lost");
}

TEST(WorkerPool, AJobRunsElsewhereAndTheCallerResumesAtHome) {
    asio::io_context context{1};  // outlives the workers, which wake it
    WorkerPool pool{2, 10};
    EXPECT_EQ(run_task(context, ask(pool, std::this_thread::get_id())), "elsewhere and back");
}

Task<> throwing(WorkerPool& pool) {
    auto job = [] { throw std::runtime_error{"disk"}; };
    co_await pool.run(std::move(job));
}

TEST(WorkerPool, WhatAJobThrowsReachesTheCaller) {
    asio::io_context context{1};
    WorkerPool pool{1, 10};
    EXPECT_THROW(run_task(context, throwing(pool)), std::runtime_error);
}

Task<int> idle_job(WorkerPool& pool) {
    auto job = [] { return 1; };
    co_return co_await pool.run(std::move(job));
}

TEST(WorkerPool, TakesOtherBoundsWhileJobsRun) {
    std::promise<void> first, second, third;
    WorkerPool pool{1, 10};
    pool.resize({2, 2});
    // Each waits for the other: so there are two threads.
    pool.post([&] {
        first.set_value();
        second.get_future().wait();
    });
    pool.post([&] {
        first.get_future().wait();
        second.set_value();
    });
    pool.post([&] { third.set_value(); });
    EXPECT_EQ(third.get_future().wait_for(60s), std::future_status::ready);
}

TEST(WorkerPool, TooManyWaitingJobsAreRefused) {
    std::promise<void> gate;
    std::promise<void> running;
    auto opened = gate.get_future();
    WorkerPool pool{1, 1};
    ASSERT_TRUE(pool.post([&] {
        running.set_value();
        opened.wait();
    }));
    running.get_future().wait();
    ASSERT_TRUE(pool.post([] {}));
    EXPECT_FALSE(pool.post([] {}));
    EXPECT_THROW(run_task(idle_job(pool)), WorkerPool::Overloaded);
    gate.set_value();
}

TEST(WorkerPool, GrowsWhileJobsWaitAndNotBeyondItsMost) {
    std::promise<void> gate;
    auto opened = gate.get_future().share();
    std::atomic<int> together = 0;
    WorkerPool pool{{1, 3}, 100};
    for (int i = 0; i < 5; ++i)
        ASSERT_TRUE(pool.post([&, opened] {
            ++together;
            opened.wait();
        }));
    EXPECT_TRUE(eventually([&] { return together >= 3; }));
    std::this_thread::sleep_for(50ms);  // a fourth would come in this time
    EXPECT_EQ(together, 3);
    EXPECT_EQ(pool.waiting(), 2U);
    gate.set_value();
}

TEST(WorkerPool, AThrowingPostedJobHarmsNobody) {
    asio::io_context context{1};
    WorkerPool pool{1, 10};
    ASSERT_TRUE(pool.post([] { throw 1; }));
    EXPECT_EQ(run_task(context, idle_job(pool)), 1);
}

TEST(IoPool, EveryContextHasItsOwnThread) {
    IoPool pool{3};
    pool.run();
    std::vector<std::future<std::thread::id>> ids;
    for (unsigned i = 0; i < pool.size(); ++i) {
        auto promise = std::make_shared<std::promise<std::thread::id>>();
        ids.push_back(promise->get_future());
        asio::post(pool.at(i), [promise] { promise->set_value(std::this_thread::get_id()); });
    }
    EXPECT_NE(ids[0].get(), ids[1].get());
    pool.stop();
}

Task<> many_jobs(WorkerPool& pool, std::atomic<int>& done) {
    for (int i = 0; i < 1000; ++i) {
        auto job = [i] { return i; };
        const int got = co_await pool.run(std::move(job));
        if (got == i) ++done;
    }
}

TEST(WorkerPool, ManySessionsShareIt) {
    std::atomic<int> done = 0;
    IoPool io{2};
    WorkerPool pool{3, 1000};
    io.run();
    std::vector<std::future<void>> ends;
    for (int i = 0; i < 8; ++i) {
        auto promise = std::make_shared<std::promise<void>>();
        ends.push_back(promise->get_future());
        asio::co_spawn(io.next(), many_jobs(pool, done),
                       [promise](std::exception_ptr) { promise->set_value(); });
    }
    for (auto& end : ends) end.wait();
    EXPECT_EQ(done, 8000);
    io.stop();
}

}  // namespace
}  // namespace postrider::net
