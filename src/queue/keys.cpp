#include "queue/keys.h"

#include "base/codec.h"

namespace postrider::queue::keys {
namespace {

constexpr std::size_t place_bytes = 1 + 4 + 8 + 8;

std::uint64_t seconds_of(Time time) {
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
    return seconds < 0 ? 0 : static_cast<std::uint64_t>(seconds);
}

Time time_of(std::uint64_t seconds) {
    return Time{std::chrono::seconds{static_cast<std::int64_t>(seconds)}};
}

std::string with(std::string_view prefix, std::string_view name) {
    std::string key{prefix};
    key.append(name);
    return key;
}

}  // namespace

std::string entry(QueueId id) {
    std::string key{entry_prefix};
    put_be(key, id.value());
    return key;
}

std::string due(Time when, QueueId id) {
    std::string key{due_prefix};
    put_be(key, seconds_of(when));
    put_be(key, id.value());
    return key;
}

std::string waiting(std::string_view destination) {
    std::string key = with(waiting_prefix, destination);
    key.push_back('\0');
    return key;
}

std::string waiting(std::string_view destination, const Place& place) {
    std::string key = waiting(destination);
    key.push_back(static_cast<char>(place.priority_class));
    put_be(key, place.epoch);
    put_be(key, seconds_of(place.due));
    put_be(key, place.id.value());
    return key;
}

std::string waiting_after(std::string_view destination) {
    std::string key = with(waiting_prefix, destination);
    key.push_back('\1');
    return key;
}

std::optional<WaitingKey> parse_waiting(std::string_view key) {
    if (key.size() < waiting_prefix.size() + 1 + place_bytes) return std::nullopt;
    WaitingKey parsed;
    const std::size_t name_end = key.size() - place_bytes - 1;
    parsed.destination = key.substr(waiting_prefix.size(), name_end - waiting_prefix.size());
    Decoder in{key.substr(name_end + 1)};
    parsed.place.priority_class = in.be<std::uint8_t>();
    parsed.place.epoch = in.be<std::uint32_t>();
    parsed.place.due = time_of(in.be<std::uint64_t>());
    parsed.place.id = QueueId{in.be<std::uint64_t>()};
    return parsed;
}

std::string visit(Time when, std::string_view destination) {
    std::string key{visit_prefix};
    put_be(key, seconds_of(when));
    key.append(destination);
    return key;
}

std::string occupied(std::string_view destination) {
    return with(occupied_prefix, destination);
}

std::string state(std::string_view destination) {
    return with(state_prefix, destination);
}

std::string changed(QueueId id, AccountId account, std::string_view folder) {
    std::string key{changed_prefix};
    put_be(key, id.value());
    put_be(key, account.value());
    return with(key, folder);
}

mailstore::Failure failure(const kv::Failure& failure) {
    return {
        failure.kind == kv::KvError::corrupt ? mailstore::MailError::corrupt : mailstore::MailError::storage,
        failure.what};
}

}  // namespace postrider::queue::keys
