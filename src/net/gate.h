#pragma once

#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/access.h"
#include "net/flow.h"

namespace postrider::net {

/// Rules and limits of one listener, one service (shared by its listeners) or the whole server. Thread-safe.
class AccessLevel {
public:
    /// The error names an IP set that cannot be read.
    static std::expected<std::shared_ptr<AccessLevel>, std::string> create(
        const settings::AccessRules& rules, const settings::ConnectionLimits& limits, const Clock& clock);
    /// For connections from now on. Connections that stand stay counted in the level and in rules that are
    /// still there (same IP set and priority). On an error nothing changes.
    std::expected<void, std::string> reload(const settings::AccessRules& rules,
                                            const settings::ConnectionLimits& limits);

private:
    friend class Gate;
    struct Rules {
        AccessRules access;
        std::vector<settings::AllowRule> allow;
        std::vector<std::shared_ptr<FlowControl>> flows;  ///< one for each of `allow`
    };
    AccessLevel(const settings::ConnectionLimits& limits, const Clock& clock)
        : clock_{clock}, flow_{FlowControl::create(limits, clock)} {}
    std::shared_ptr<const Rules> rules() const;

    const Clock& clock_;
    const std::shared_ptr<FlowControl> flow_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Rules> rules_;
};

/// Keeps some addresses out for a while, whatever the rules say: attackers. Asked on I/O threads: must not
/// block.
class Bouncer {
public:
    virtual ~Bouncer() = default;
    /// Why this address is not let in, for the log; mostly nothing.
    virtual std::optional<std::string> refuse(const settings::Ip& ip) const = 0;
};

/// Who may connect to a listener, and how many of them. Who the bouncer keeps out is not let in. The rules of
/// the listener are asked first, then those of its service, then those of the server; the first level with a
/// matching rule decides, and without any the connection is accepted. Then it must find a place
///  - within the limits of the allow rule that matched,
///  - within those of the listener (those per peer only if it was no rule of the listener that matched),
///  - and, unless a rule of the listener matched, within those of the service (likewise) and of the server.
class Gate {
public:
    /// `service` and `server` may be nullptr. So may `bouncer`, which must live longer.
    Gate(std::shared_ptr<AccessLevel> listener, std::shared_ptr<AccessLevel> service,
         std::shared_ptr<AccessLevel> server, const Bouncer* bouncer = nullptr)
        : levels_{std::move(listener), std::move(service), std::move(server)}, bouncer_{bouncer} {}

    using Ticket = std::shared_ptr<void>;
    /// @param ip  numeric; a local (Unix) socket's "" is always admitted
    /// @return    the connection's places, or why not, for the log
    std::expected<Ticket, std::string> admit(const std::string& ip) const;

private:
    std::shared_ptr<AccessLevel> levels_[3];
    const Bouncer* bouncer_;
};

}  // namespace postrider::net
