#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mailstore/mailstore.h"
#include "queue/destinations.h"

/// Keys of the queue's records; docs/formats/queue.md.
namespace postrider::queue::keys {

inline constexpr std::string_view entry_prefix = "Qe", entry_end = "Qf";
inline constexpr std::string_view due_prefix = "Qt", due_end = "Qu";
inline constexpr std::string_view waiting_prefix = "Qd", waiting_end = "Qe";
inline constexpr std::string_view visit_prefix = "Qn", visit_end = "Qo";
inline constexpr std::string_view occupied_prefix = "Qo", occupied_end = "Qp";
inline constexpr std::string_view state_prefix = "Qv", state_end = "Qw";
inline constexpr std::string_view changed_prefix = "Qw", changed_end = "Qx";

std::string entry(QueueId id);
std::string due(Time when, QueueId id);

std::string waiting(std::string_view destination);  ///< what all keys of it begin with
std::string waiting(std::string_view destination, const Place& place);
std::string waiting_after(std::string_view destination);  ///< behind the last of them
struct WaitingKey {
    std::string_view destination;
    Place place;
};
std::optional<WaitingKey> parse_waiting(std::string_view key);

std::string visit(Time when, std::string_view destination);
std::string occupied(std::string_view destination);
std::string state(std::string_view destination);

/// That the copy of an entry's message which filters have changed for a folder of an account is there.
std::string changed(QueueId id, AccountId account, std::string_view folder);

mailstore::Failure failure(const kv::Failure& failure);

}  // namespace postrider::queue::keys
