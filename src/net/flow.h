#pragma once

#include <array>
#include <expected>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/clock.h"
#include "settings/address.h"
#include "settings/common.h"

namespace postrider::net {

/// Counts connections: how many stand now and how many began within the interval, in all and from each peer.
/// An IPv6 peer is its /64, which is what one subscriber has (RFC 6177). Thread-safe; memory is bounded by
/// max_peers.
class FlowControl : public std::enable_shared_from_this<FlowControl> {
public:
    enum class Refusal { connections, interval, peer_connections, peer_interval, too_many_peers };
    enum class Scope {
        all,    ///< every limit
        total,  ///< not the limits per peer, because a rule has set others for it
    };
    /// A place; given back when the last copy goes. Keeps its FlowControl alive.
    using Ticket = std::shared_ptr<void>;

    static std::shared_ptr<FlowControl> create(const settings::ConnectionLimits& limits, const Clock& clock,
                                               std::size_t max_peers = 65536);

    std::expected<Ticket, Refusal> admit(const settings::Ip& peer, Scope scope = Scope::all);
    /// What stands is counted on, also when it is more than the new limits.
    void change_limits(const settings::ConnectionLimits& limits);

    std::size_t connections() const;
    std::size_t peers() const;  ///< how many are remembered

private:
    FlowControl(const settings::ConnectionLimits& limits, const Clock& clock, std::size_t max_peers)
        : limits_{limits}, clock_{clock}, max_peers_{max_peers} {}

    using Key = std::array<std::uint8_t, 16>;
    struct HashKey {
        std::size_t operator()(const Key& key) const;
    };
    struct Count {
        unsigned open = 0;
        unsigned begun = 0;  ///< since `since`
        Time since{};
        void roll(Time now, std::chrono::seconds interval);
    };
    static Key key_of(const settings::Ip& ip);
    void release(const Key& key, bool counted);
    bool make_room(Time now);

    settings::ConnectionLimits limits_;
    const Clock& clock_;
    const std::size_t max_peers_;
    mutable std::mutex mutex_;
    Count total_;
    std::unordered_map<Key, Count, HashKey> peers_;
    std::size_t sweep_at_ = 1024;
};

const char* text(FlowControl::Refusal refusal);  ///< for the log

}  // namespace postrider::net
