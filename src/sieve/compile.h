#pragma once

#include "sieve/binder.h"

namespace postrider::sieve {

/// compile() with more words than the language has.
std::expected<Compiled, std::vector<Problem>> compile(std::string_view text, const Options& options,
                                                      const Dialect* dialect);

}  // namespace postrider::sieve
