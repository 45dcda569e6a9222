#pragma once

#include <memory>

#include "cli/shell/shell.h"

namespace postrider::cli {

/// Enters the context, with the attributes and values that the line has behind its own words.
inline Reply enter_with(Call& call, std::unique_ptr<Frame> child) {
    const auto& more = call.given.rest();
    if (more.size() % 2 != 0) return error("attributes and values stand in pairs");
    for (std::size_t i = 0; i < more.size(); i += 2)
        if (auto set = child->set(more[i].text, to_value(more[i + 1])); !set) return error(set.error());
    call.shell.enter(std::move(child));
    return ok();
}

}  // namespace postrider::cli
