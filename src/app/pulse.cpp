#include "app/pulse.h"

#include <atomic>
#include <boost/asio/post.hpp>

namespace postrider::app {

struct Pulse::Lane {
    std::atomic<bool> waiting{false};
};

Pulse::Pulse(net::IoPool& pool) : pool_{pool} {
    for (unsigned i = 0; i < pool.size(); ++i) lanes_.push_back(std::make_shared<Lane>());
}

Pulse::~Pulse() = default;

bool Pulse::beat() {
    bool all = true;
    for (unsigned i = 0; i < pool_.size(); ++i) {
        if (lanes_[i]->waiting.exchange(true)) {
            all = false;
            continue;
        }
        net::asio::post(pool_.at(i), [lane = lanes_[i]] { lane->waiting = false; });
    }
    return all;
}

}  // namespace postrider::app
