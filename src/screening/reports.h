#pragma once

#include <optional>
#include <vector>

#include "policy/machine.h"
#include "queue/report.h"

/// What a policy says of reports to senders: onDeliveryFailure, onTemporaryDeliveryFailure,
/// onDeliverySuccess.
namespace postrider::screening {

/// Runs the event and changes the notice as the script wants it. What it does not set stays.
void adjust_notice(const std::shared_ptr<const policy::Program>& policy, queue::Action action,
                   const queue::Entry& entry, const std::vector<const queue::Recipient*>& about,
                   std::uint32_t remaining, queue::Notice& notice);

/// Whether the sender is told of a delay after so many attempts; nothing when no line of the
/// script decides it.
std::optional<bool> tells_of_delay(const std::shared_ptr<const policy::Program>& policy,
                                   std::uint32_t attempts, std::uint32_t remaining);

}  // namespace postrider::screening
