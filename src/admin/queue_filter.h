#pragma once

#include <vector>

#include "admin/operation.h"
#include "queue/view.h"

/// Which messages of the queue an operation is about.
namespace postrider::admin {

/// All that is given must hold. Texts without the wildcards * and ? are looked for anywhere.
struct QueueFilter {
    std::string sender, recipient, destination, state, failure;
    std::optional<std::uint64_t> larger, smaller;  ///< octets
    std::optional<Time> before, since;             ///< of arrival
    std::optional<std::uint64_t> attempts;         ///< at least
    bool quarantined = false;                      ///< only those that filters have quarantined

    bool empty() const;  ///< `quarantined` aside
    static std::expected<QueueFilter, Error> from(const Context& context, const Arguments& arguments);
    bool matches(const queue::EntryView& entry, const Context& context) const;
};

/// The arguments that from() reads.
inline constexpr Argument filter_sender{"sender", Type::text,
                                        "Only from addresses that contain this, or match its * and ?"};
inline constexpr Argument filter_recipient{"recipient", Type::text,
                                           "Only to addresses that contain this, or match its * and ?"};
inline constexpr Argument filter_destination{
    "destination", Type::text, "Only what waits for a destination that contains this or matches"};
inline constexpr Argument filter_state{"state", Type::text,
                                       "Only in states whose word contains this: Received, Processed, "
                                       "Sending, Relay error, Local error, Held, Quarantined"};
inline constexpr Argument filter_failure{"failure", Type::text,
                                         "Only where the last failure contains this, or matches its * and ?"};
inline constexpr Argument filter_larger{"larger", Type::text, "Only above this size: octets, or with K or M"};
inline constexpr Argument filter_smaller{"smaller", Type::text,
                                         "Only below this size: octets, or with K or M"};
inline constexpr Argument filter_older{"older", Type::text,
                                       "Only what came longer ago: seconds, or with m, h or d"};
inline constexpr Argument filter_younger{"younger", Type::text,
                                         "Only what came less long ago: seconds, or with m, h or d"};
inline constexpr Argument filter_attempts{"attempts", Type::number, "Only after so many failed attempts"};

/// Ids of matching messages behind `after`, ascending, at most `limit`. Looks at the records with several
/// threads where there are many.
std::expected<std::vector<QueueId>, Error> find_messages(Context& context, const QueueFilter& filter,
                                                         QueueId after, std::size_t limit);

}  // namespace postrider::admin
