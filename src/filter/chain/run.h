#pragma once

#include <optional>
#include <string>

#include "filter/chain/chain.h"

namespace postrider::filter {

/// One recipient on its way through the filters.
struct Chain::Run {
    const Owner* owner = nullptr;  ///< nullptr: at another host
    std::string recipient;
    Levels levels;                     ///< so far, those of the message too
    Levels added;                      ///< those that stand in front
    std::string head;                  ///< further header lines in front
    std::optional<std::string> whole;  ///< the message as it is now, instead of all that
    Verdict verdict;
    bool ask_unwanted = false;  ///< it is unwanted, and its sender is to be asked who he is
    bool welcome = false;       ///< a whitelist knows the sender: nothing is done to it as spam
    std::string where;          ///< of the step's level, for the log

    std::string front() const { return level_lines(added) + head; }
    std::string shown(std::string_view payload) const { return whole ? *whole : front().append(payload); }
};

}  // namespace postrider::filter
