#pragma once

#include <utility>

#include "screening/asking.h"

namespace postrider::screening {

/// Asks until the check has its answer. No check needs more rounds; one that would is cut off with what it
/// says of nothing.
template <class T, class Check>
net::Task<T> settle(dns::Resolver& resolver, mailauth::Answers& answers, Check check) {
    for (int round = 0; round < 60; ++round) {
        mailauth::Needs<T> step = check(answers);
        if (T* done = std::get_if<T>(&step)) co_return std::move(*done);
        mailauth::Questions questions = std::move(std::get<mailauth::Questions>(step));
        co_await ask_all(resolver, std::move(questions), answers);
    }
    co_return T{};
}

}  // namespace postrider::screening
