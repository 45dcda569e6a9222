#pragma once

#include "dns/resolver.h"
#include "mailauth/answers.h"

namespace postrider::screening {

/// Asks all questions at once; returns when all have been answered. Bounded by who asks (mailauth::Asking).
net::Task<> ask_all(dns::Resolver& resolver, mailauth::Questions questions, mailauth::Answers& answers);

}  // namespace postrider::screening
