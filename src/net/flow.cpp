#include "net/flow.h"

#include <algorithm>
#include <string_view>

namespace postrider::net {

std::shared_ptr<FlowControl> FlowControl::create(const settings::ConnectionLimits& limits, const Clock& clock,
                                                 std::size_t max_peers) {
    return std::shared_ptr<FlowControl>{new FlowControl{limits, clock, max_peers}};
}

std::size_t FlowControl::HashKey::operator()(const Key& key) const {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(key.data()), key.size()});
}

FlowControl::Key FlowControl::key_of(const settings::Ip& ip) {
    Key key = ip.octets;
    if (!ip.v4()) std::fill(key.begin() + 8, key.end(), std::uint8_t{0});
    return key;
}

/// Starts a new interval when the old one is over, or the clock was set back.
void FlowControl::Count::roll(Time now, std::chrono::seconds interval) {
    if (now >= since && now - since < interval) return;
    since = now;
    begun = 0;
}

std::expected<FlowControl::Ticket, FlowControl::Refusal> FlowControl::admit(const settings::Ip& peer,
                                                                            Scope scope) {
    const Time now = clock_.now();
    const Key key = key_of(peer);
    const auto reached = [](unsigned count, unsigned limit) { return limit != 0 && count >= limit; };
    std::lock_guard lock{mutex_};
    total_.roll(now, limits_.time_interval);
    if (reached(total_.open, limits_.max_connections)) return std::unexpected(Refusal::connections);
    if (reached(total_.begun, limits_.max_interval_connections)) return std::unexpected(Refusal::interval);
    const bool per_peer =
        scope == Scope::all
        && (limits_.peer_max_connections != 0 || limits_.peer_max_interval_connections != 0);
    if (per_peer) {
        auto place = peers_.find(key);
        if (place == peers_.end()) {
            if (!make_room(now)) return std::unexpected(Refusal::too_many_peers);
            place = peers_.try_emplace(key).first;
        }
        Count& count = place->second;
        count.roll(now, limits_.peer_time_interval);
        if (reached(count.open, limits_.peer_max_connections))
            return std::unexpected(Refusal::peer_connections);
        if (reached(count.begun, limits_.peer_max_interval_connections))
            return std::unexpected(Refusal::peer_interval);
        ++count.open;
        ++count.begun;
    }
    ++total_.open;
    ++total_.begun;
    return Ticket{this, [self = shared_from_this(), key, per_peer](void*) { self->release(key, per_peer); }};
}

void FlowControl::release(const Key& key, bool counted) {
    std::lock_guard lock{mutex_};
    --total_.open;
    if (!counted) return;
    const auto place = peers_.find(key);  // never forgotten while a connection stands
    if (--place->second.open == 0 && limits_.peer_max_interval_connections == 0) peers_.erase(place);
}

/// Forgets peers that no longer matter, seldom enough that it costs little per connection.
bool FlowControl::make_room(Time now) {
    if (peers_.size() >= std::min(sweep_at_, max_peers_)) {
        std::erase_if(peers_, [&](const auto& entry) {
            const Count& count = entry.second;
            const bool over = now < count.since || now - count.since >= limits_.peer_time_interval;
            return count.open == 0 && over;
        });
        sweep_at_ = std::max<std::size_t>(1024, 2 * peers_.size());
    }
    if (peers_.size() < max_peers_) return true;
    // Full of peers within their interval: forgetting one that has gone is better than refusing one that
    // comes.
    const auto gone = std::ranges::find_if(peers_, [](const auto& entry) { return entry.second.open == 0; });
    if (gone == peers_.end()) return false;
    peers_.erase(gone);
    return true;
}

void FlowControl::change_limits(const settings::ConnectionLimits& limits) {
    std::lock_guard lock{mutex_};
    limits_ = limits;
}

std::size_t FlowControl::connections() const {
    std::lock_guard lock{mutex_};
    return total_.open;
}

std::size_t FlowControl::peers() const {
    std::lock_guard lock{mutex_};
    return peers_.size();
}

const char* text(FlowControl::Refusal refusal) {
    switch (refusal) {
        case FlowControl::Refusal::connections: return "too many connections";
        case FlowControl::Refusal::interval: return "too many connections in the interval";
        case FlowControl::Refusal::peer_connections: return "too many connections from this address";
        case FlowControl::Refusal::peer_interval:
            return "too many connections from this address in the interval";
        case FlowControl::Refusal::too_many_peers: return "too many addresses connected";
    }
    return "";
}

}  // namespace postrider::net
