#pragma once

#include <vector>

#include "sieve/tree.h"

namespace postrider::sieve {

/// if, elsif, else. RFC 5228 §3.1.
class If final : public CommandNode {
public:
    struct Branch {
        TestPtr test;  ///< null: else
        Block block;
        std::uint32_t line = 0;
    };
    void run(Machine& machine) const override;

    std::vector<Branch> branches;
};

}  // namespace postrider::sieve
