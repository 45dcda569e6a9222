#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "policy/machine.h"
#include "queue/envelope.h"
#include "screening/decision.h"

namespace postrider::screening {

/// What a policy wants changed of a message before it is worked on: onProcessing. Only `add`, `drop`, `delay`
/// and `message` are ever set; nothing: it wants nothing.
/// @param payload  trace header and message
std::optional<Wishes> processing_wishes(const std::shared_ptr<const policy::Program>& policy,
                                        const queue::Envelope& envelope, std::string_view payload);

}  // namespace postrider::screening
