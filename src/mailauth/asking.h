#pragma once

#include <algorithm>
#include <string_view>
#include <utility>

#include "mailauth/answers.h"

namespace postrider::mailauth {

/// What a check asks while it runs. A question without an answer is noted and answered with "temporary" for
/// now, so that a check needs no state of its own: it runs to some end, and if anything was missing that end
/// does not count.
class Asking {
public:
    static constexpr std::size_t max_missing =
        300;  ///< in one round; what is beyond has to wait for the next

    explicit Asking(const Answers& known) : known_{known} {}

    /// @param name  as dns::canonical_name() gives it; what is not a name has no records and is not asked
    const dns::Answer& ask(std::string_view name, dns::Type type);

    bool complete() const { return missing_.empty(); }
    Questions missing() && { return std::move(missing_); }

    template <class T>
    Needs<T> finish(T result) && {
        if (!missing_.empty()) return std::move(missing_);
        return result;
    }

private:
    const Answers& known_;
    Questions missing_;
};

}  // namespace postrider::mailauth
