#include <pthread.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <csignal>
#include <thread>
#include <vector>

#include "net/pools.h"

namespace postrider::net {

void block_sigpipe() {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

struct IoPool::Impl {
    struct Lane {
        asio::io_context context{1};
        asio::executor_work_guard<Executor> work{context.get_executor()};
        std::thread thread;
    };
    std::vector<std::unique_ptr<Lane>> lanes;
    std::atomic<unsigned> turn = 0;
};

IoPool::IoPool(unsigned threads) : impl_{std::make_unique<Impl>()} {
    if (threads == 0) threads = 1;
    for (unsigned i = 0; i < threads; ++i) impl_->lanes.push_back(std::make_unique<Impl::Lane>());
}

IoPool::~IoPool() {
    stop();
}

unsigned IoPool::size() const {
    return static_cast<unsigned>(impl_->lanes.size());
}

asio::io_context& IoPool::next() {
    return at(impl_->turn.fetch_add(1, std::memory_order_relaxed) % size());
}

asio::io_context& IoPool::at(unsigned index) {
    return impl_->lanes.at(index)->context;
}

void IoPool::run() {
    for (auto& lane : impl_->lanes) {
        if (lane->thread.joinable()) continue;
        lane->thread = std::thread{[&context = lane->context] {
            block_sigpipe();
            context.run();
        }};
    }
}

void IoPool::stop() {
    for (auto& lane : impl_->lanes) lane->context.stop();
    for (auto& lane : impl_->lanes)
        if (lane->thread.joinable()) lane->thread.join();
}

}  // namespace postrider::net
