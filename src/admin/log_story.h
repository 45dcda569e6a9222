#pragma once

#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

/// What happened to messages, as the log tells it.
namespace postrider::admin {

/// Which messages. At least one of the texts is given; all that are have to be met, without regard to case,
/// by the lines of one session or one queue entry.
struct StoryQuery {
    std::string queue_id;                   ///< hexadecimal, any number of leading zeros
    std::string message_id;                 ///< with or without the angle brackets
    std::string sender, recipient, client;  ///< or a part of them
    std::optional<Time> since, until;
    std::size_t max_stories = 20;  ///< the latest; at most so many
};

struct Story {
    std::string queue_id;            ///< "" : no queue entry was made
    std::vector<std::string> lines;  ///< in the order in which they were written, at most max_story_lines
};
inline constexpr std::size_t max_story_lines = 500;

/// Reads all log files below `directory` that were written to since `query.since`, twice. The error is for
/// people.
std::expected<std::vector<Story>, std::string> find_stories(const std::filesystem::path& directory,
                                                            const StoryQuery& query);

}  // namespace postrider::admin
