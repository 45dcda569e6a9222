#pragma once

#include <cstddef>

#include "filter/spam/count_table.h"

namespace postrider::filter {

/// What the counts say about a message.
struct Likelihood {
    double score = 0.5;        ///< 0 = wanted, 1 = spam
    double confidence = 0;     ///< 0 = nothing has been learned, 1 = enough
    std::size_t evidence = 0;  ///< features that counted
};

/// Gary Robinson's method: each feature's share of spam, drawn towards 1/2 where it has been seen seldom, and
/// the 150 that say most combined by Fisher's test, once for spam and once against it. A user's counts weigh
/// three times as much as the server's. @param user  nullptr: nothing has been learned from him
Likelihood likelihood(const Features& features, const CountTable& server, const CountTable* user);

}  // namespace postrider::filter
