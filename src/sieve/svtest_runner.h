#pragma once

#include <string>
#include <vector>

/// For tests only.
namespace postrider::sieve::testing {

struct SvtestOutcome {
    std::vector<std::string> failed;  ///< "name: why"
    unsigned passed = 0;
};

/// Runs one of Pigeonhole's test scripts, which are Sieve with a few commands more.
SvtestOutcome run_svtest(const std::string& path);

}  // namespace postrider::sieve::testing
