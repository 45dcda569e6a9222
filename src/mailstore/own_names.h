#pragma once

#include <string_view>

#include "base/ids.h"

namespace postrider::mailstore {

/// Whoever says what an account may hold (QuotaSource) may be one of these too: names at the top that an
/// account's own folders cannot have, since people see there what is not theirs. Any thread asks, at any
/// time.
class OwnNames {
public:
    virtual ~OwnNames() = default;
    virtual bool leads_elsewhere(AccountId account, std::string_view top) const = 0;
};

}  // namespace postrider::mailstore
