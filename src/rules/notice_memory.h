#pragma once

#include "base/ids.h"
#include "kv/kv.h"

namespace postrider::rules {

/// Forgets when the owner of an account was last warned: the account is gone. False: the store refused.
bool forget_notices(kv::Store& store, AccountId account);

}  // namespace postrider::rules
