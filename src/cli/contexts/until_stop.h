#pragma once

#include "admin/operation.h"
#include "cli/shell/shell.h"

namespace postrider::cli {

/// For long work in the dialogue: ends it, by admin::Cancelled, when the server stops.
inline admin::Progress until_stop(Shell& shell) {
    return [&shell](std::string_view, int) {
        const auto& stopping = shell.admin().stopping;
        if (stopping && stopping()) throw admin::Cancelled{};
    };
}

}  // namespace postrider::cli
