#pragma once

#include "mailstore/types.h"

namespace postrider::index {

mailstore::UidSet unite(const mailstore::UidSet& a, const mailstore::UidSet& b);
mailstore::UidSet subtract(const mailstore::UidSet& a, const mailstore::UidSet& b);

}  // namespace postrider::index
