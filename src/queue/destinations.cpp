#include "queue/destinations.h"

#include <algorithm>

#include "base/codec.h"
#include "queue/keys.h"

namespace postrider::queue {
namespace {

constexpr std::uint8_t version = 1;
constexpr int classes = 19;

std::uint64_t seconds_of(Time time) {
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
    return seconds < 0 ? 0 : static_cast<std::uint64_t>(seconds);
}

std::optional<Time> take_time(Decoder& in) {
    constexpr std::uint64_t last =
        std::chrono::duration_cast<std::chrono::seconds>(Time::duration::max()).count();
    const auto seconds = in.varint();
    if (seconds > last) return std::nullopt;
    return Time{std::chrono::seconds{seconds}};
}

}  // namespace

std::string encode(const DestinationState& state) {
    std::string out;
    out.push_back(static_cast<char>(version));
    put_varint(out, state.failures);
    put_varint(out, seconds_of(state.down_until));
    put_varint(out, seconds_of(state.last_failure));
    put_varint(out, state.epoch);
    put_string(out, state.status);
    put_string(out, state.why);
    return out;
}

std::optional<DestinationState> decode_state(std::string_view bytes) {
    Decoder in{bytes};
    if (in.be<std::uint8_t>() != version) return std::nullopt;
    DestinationState state;
    const std::uint64_t failures = in.varint();
    auto until = take_time(in), last = take_time(in);
    const std::uint64_t epoch = in.varint();
    state.status = in.string();
    state.why = in.string();
    if (!in.ok() || !in.at_end() || !until || !last || failures > UINT32_MAX || epoch > UINT32_MAX)
        return std::nullopt;
    state.failures = static_cast<std::uint32_t>(failures);
    state.epoch = static_cast<std::uint32_t>(epoch);
    state.down_until = *until;
    state.last_failure = *last;
    return state;
}

mailstore::Result<std::vector<Place>> Destinations::due(std::string_view destination, std::uint32_t epoch,
                                                        Time now, std::size_t limit,
                                                        const std::function<bool(QueueId)>& skip) const {
    std::vector<Place> found;
    const std::string begin = keys::waiting(destination), end = keys::waiting_after(destination);
    auto cursor = store_.scan(begin, end);
    cursor->seek(begin);
    while (cursor->valid() && found.size() < limit) {
        auto key = keys::parse_waiting(cursor->key());
        if (!key) {
            cursor->next();
            continue;
        }
        if (key->place.epoch >= epoch && key->place.due > now) {
            // The rest of this priority is later still.
            if (key->place.priority_class + 1 >= classes) break;
            Place less_urgent;
            less_urgent.priority_class = static_cast<std::uint8_t>(key->place.priority_class + 1);
            cursor->seek(keys::waiting(destination, less_urgent));
            continue;
        }
        // One entry may stand here twice, when some of its recipients were tried.
        if (!skip(key->place.id) && std::ranges::find(found, key->place.id, &Place::id) == found.end())
            found.push_back(key->place);
        cursor->next();
    }
    if (auto ok = cursor->status(); !ok) return std::unexpected(keys::failure(ok.error()));
    return found;
}

mailstore::Result<std::optional<Time>> Destinations::next(std::string_view destination,
                                                          std::uint32_t epoch) const {
    std::optional<Time> first;
    const std::string begin = keys::waiting(destination), end = keys::waiting_after(destination);
    auto cursor = store_.scan(begin, end);
    cursor->seek(begin);
    while (cursor->valid()) {
        auto key = keys::parse_waiting(cursor->key());
        if (!key) {
            cursor->next();
            continue;
        }
        const Time due = key->place.epoch < epoch ? Time{} : key->place.due;
        if (!first || due < *first) first = due;
        if (key->place.priority_class + 1 >= classes) break;
        Place less_urgent;
        less_urgent.priority_class = static_cast<std::uint8_t>(key->place.priority_class + 1);
        cursor->seek(keys::waiting(destination, less_urgent));
    }
    if (auto ok = cursor->status(); !ok) return std::unexpected(keys::failure(ok.error()));
    return first;
}

mailstore::Result<DestinationState> Destinations::state(std::string_view destination) const {
    auto bytes = store_.get(keys::state(destination));
    if (!bytes) return std::unexpected(keys::failure(bytes.error()));
    if (!*bytes) return DestinationState{};
    // A damaged record is no reason not to send: as if the hosts were up.
    return decode_state(**bytes).value_or(DestinationState{});
}

void Destinations::put_state(std::string_view destination, const DestinationState& state, kv::Batch& batch) {
    batch.put(keys::state(destination), encode(state));
}

void Destinations::erase_state(std::string_view destination, kv::Batch& batch) {
    batch.erase(keys::state(destination));
}

mailstore::Result<> Destinations::release(std::string_view destination, Time now) {
    auto before = state(destination);
    if (!before) return std::unexpected(before.error());
    DestinationState after;
    after.epoch = before->epoch + 1;
    kv::Batch batch;
    put_state(destination, after, batch);
    put_visit(now, destination, batch);
    if (auto ok = store_.write(std::move(batch)); !ok) return std::unexpected(keys::failure(ok.error()));
    return {};
}

mailstore::Result<> Destinations::visits(
    Time from, Time now,
    const std::function<bool(const std::string& key, std::string_view destination)>& visit) const {
    const std::string begin = keys::visit(from, {}), end = keys::visit(now + std::chrono::seconds{1}, {});
    auto cursor = store_.scan(begin, end);
    for (cursor->seek(begin); cursor->valid(); cursor->next()) {
        const std::string key{cursor->key()};
        if (!visit(key, std::string_view{key}.substr(keys::visit_prefix.size() + 8))) break;
    }
    if (auto ok = cursor->status(); !ok) return std::unexpected(keys::failure(ok.error()));
    return {};
}

void Destinations::put_visit(Time when, std::string_view destination, kv::Batch& batch) {
    batch.put(keys::visit(when, destination), {});
}

void Destinations::put_occupied(std::string_view destination, kv::Batch& batch) {
    batch.put(keys::occupied(destination), {});
}

void Destinations::erase_occupied(std::string_view destination, kv::Batch& batch) {
    batch.erase(keys::occupied(destination));
}

mailstore::Result<> Destinations::free_occupied(Time now) {
    kv::Batch batch;
    auto cursor = store_.scan(keys::occupied_prefix, keys::occupied_end);
    for (cursor->seek(keys::occupied_prefix); cursor->valid(); cursor->next()) {
        batch.put(keys::visit(now, cursor->key().substr(keys::occupied_prefix.size())), {});
        batch.erase(cursor->key());
    }
    if (auto ok = cursor->status(); !ok) return std::unexpected(keys::failure(ok.error()));
    if (batch.empty()) return {};
    if (auto ok = store_.write(std::move(batch)); !ok) return std::unexpected(keys::failure(ok.error()));
    return {};
}

mailstore::Result<> Destinations::each(std::string_view after,
                                       const std::function<bool(const Count&)>& visit) const {
    const std::string begin = after.empty() ? std::string{keys::waiting_prefix} : keys::waiting_after(after);
    auto cursor = store_.scan(begin, keys::waiting_end, nullptr, kv::Access::many);
    Count count;
    bool stopped = false;
    for (cursor->seek(begin); cursor->valid() && !stopped; cursor->next()) {
        auto key = keys::parse_waiting(cursor->key());
        if (!key) continue;
        if (key->destination != count.destination) {
            if (count.waiting != 0 && !visit(count)) stopped = true;
            count = Count{std::string{key->destination}, 0, {}};
        }
        ++count.waiting;
        if (!count.next || key->place.due < *count.next) count.next = key->place.due;
    }
    if (!stopped && count.waiting != 0) (void)visit(count);
    if (auto ok = cursor->status(); !ok) return std::unexpected(keys::failure(ok.error()));
    return {};
}

mailstore::Result<> Destinations::each_entry(std::string_view destination,
                                             const std::function<bool(QueueId)>& visit) const {
    const std::string begin = keys::waiting(destination), end = keys::waiting_after(destination);
    auto cursor = store_.scan(begin, end, nullptr, kv::Access::many);
    for (cursor->seek(begin); cursor->valid(); cursor->next()) {
        auto key = keys::parse_waiting(cursor->key());
        if (key && !visit(key->place.id)) break;
    }
    if (auto ok = cursor->status(); !ok) return std::unexpected(keys::failure(ok.error()));
    return {};
}

}  // namespace postrider::queue
