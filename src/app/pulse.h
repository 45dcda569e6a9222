#pragma once

#include <memory>
#include <vector>

#include "net/pools.h"

namespace postrider::app {

/// Whether the I/O threads still turn: each must have run a small job since the last beat.
class Pulse {
public:
    explicit Pulse(net::IoPool& pool);
    ~Pulse();
    bool beat();

private:
    struct Lane;
    net::IoPool& pool_;
    std::vector<std::shared_ptr<Lane>> lanes_;
};

}  // namespace postrider::app
