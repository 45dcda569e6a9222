#pragma once

#include "mailstore/core.h"

namespace postrider::mailstore {

/// Reads and renews the `M` record: a start after an unclean stop begins a new epoch. Durable on return.
Result<> begin_epoch(Core& core);
/// The last thing of an orderly stop.
Result<> end_cleanly(Core& core);

/// Finds the messages of a location that were accepted but not made visible when the server died, and
/// delivers those that `replay` gives a submission for. Their bytes stay where they are.
Result<> recover(Core& core, Location& location, const Replay& replay);

}  // namespace postrider::mailstore
