#pragma once

#include <string>
#include <vector>

#include "admin/operation.h"

/// Messages that a mailbox lists and that cannot be read.
namespace postrider::admin {

struct InvalidMessage {
    std::string folder;
    std::uint32_t uid = 0;
    std::string what;  ///< why it cannot be read
};
struct InvalidMessages {
    std::uint64_t messages = 0;  ///< that were read
    std::uint64_t invalid = 0, purged = 0;
    std::vector<InvalidMessage> first;  ///< at most max_listed_invalid
};
inline constexpr std::size_t max_listed_invalid = 10'000;

/// Reads every message of the mailbox. @param purge  those that are damaged are expunged: a record that
/// cannot be read now for want of a disk is not among them
std::expected<InvalidMessages, Error> find_invalid_messages(Context& context, AccountId mailbox, bool purge,
                                                            const Progress& progress);

}  // namespace postrider::admin
