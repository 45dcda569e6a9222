#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "observe/log_service.h"
#include "observe/udp.h"

/// Which way a line goes: worked out once per change of the options, then only looked up.
namespace postrider::observe {

/// One way out. At most one of the pointers is set; neither means that the line is dropped.
struct Route {
    LogType type = LogType::internal;
    const LogRule* rule = nullptr;     ///< internal
    std::optional<Endpoint> endpoint;  ///< remote, by the producer or by the rule
};

class Plan {
public:
    explicit Plan(LogOptions options);

    const LogOptions& options() const { return options_; }

    /// The first rule by priority for a host and module, or null.
    const LogRule* rule(std::string_view host, std::string_view module) const;

    Route route(std::string_view module, const ProducerOptions& producer) const;
    Route remote_route(std::string_view host, std::string_view module) const;

    /// The levels that can arrive somewhere: producer mask AND rule mask.
    LevelMask mask(std::string_view module, const ProducerOptions& producer) const;

private:
    LogOptions options_;  // rules sorted by priority
    std::optional<Endpoint> remote_;
};

}  // namespace postrider::observe
