#include "queue/queue.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/codec.h"

namespace postrider::queue {
namespace {

constexpr std::string_view entry_prefix = "Qe", entry_end = "Qf";
constexpr std::string_view due_prefix = "Qt", due_end = "Qu";
constexpr std::uint8_t version = 1;

std::string entry_key(QueueId id) {
    std::string key{entry_prefix};
    put_be(key, id.value());
    return key;
}

std::uint64_t seconds_of(Time time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

std::string due_key(Time due, QueueId id) {
    std::string key{due_prefix};
    put_be(key, seconds_of(due));
    put_be(key, id.value());
    return key;
}

mailstore::Failure storage_failure(const kv::Failure& failure) {
    return {
        failure.kind == kv::KvError::corrupt ? mailstore::MailError::corrupt : mailstore::MailError::storage,
        failure.what};
}

}  // namespace

std::string encode(const Entry& entry) {
    std::string out;
    out.push_back(static_cast<char>(version));
    put_be(out, entry.blob.value());
    put_varint(out, entry.size);
    put_varint(out, entry.attempts);
    put_be(out, entry.next_attempt ? seconds_of(*entry.next_attempt) : std::uint64_t{0});
    encode(out, entry.envelope);
    return out;
}

std::optional<Entry> decode_entry(QueueId id, std::string_view bytes) {
    constexpr std::uint64_t last =
        std::chrono::duration_cast<std::chrono::seconds>(Time::duration::max()).count();
    Decoder in{bytes};
    if (in.be<std::uint8_t>() != version) return std::nullopt;
    Entry entry;
    entry.id = id;
    entry.blob = BlobId{in.be<std::uint64_t>()};
    const std::uint64_t size = in.varint(), attempts = in.varint();
    const auto due = in.be<std::uint64_t>();
    if (size > UINT32_MAX || attempts > UINT32_MAX || due > last) return std::nullopt;
    entry.size = static_cast<std::uint32_t>(size);
    entry.attempts = static_cast<std::uint32_t>(attempts);
    if (due != 0) entry.next_attempt = Time{std::chrono::seconds{due}};
    auto envelope = decode_envelope(in.rest());
    if (!in.ok() || !envelope) return std::nullopt;
    entry.envelope = std::move(*envelope);
    return entry;
}

bool Entry::finished() const {
    return std::ranges::none_of(envelope.recipients, [](const Recipient& r) {
        return r.state == Recipient::State::pending || r.state == Recipient::State::held;
    });
}

std::string to_string(QueueId id) {
    return fmt::format("{:06X}", id.value());
}

std::optional<QueueId> parse_queue_id(std::string_view text) {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return QueueId{value};
}

std::chrono::seconds retry_delay(std::uint32_t attempt, std::chrono::seconds first,
                                 std::chrono::seconds longest) {
    auto delay = first;
    for (std::uint32_t n = 1; n < attempt && delay < longest; ++n) delay *= 2;
    return std::min(delay, longest);
}

void Queue::add(const Entry& entry, kv::Batch& batch) {
    batch.put(entry_key(entry.id), encode(entry));
    if (entry.next_attempt) batch.put(due_key(*entry.next_attempt, entry.id), {});
}

void Queue::change(const Entry& before, const Entry& after, kv::Batch& batch) {
    if (before.next_attempt) batch.erase(due_key(*before.next_attempt, before.id));
    if (after.finished())
        batch.erase(entry_key(after.id));
    else
        add(after, batch);
}

mailstore::Result<std::vector<Entry>> Queue::take_due(Time now, std::size_t limit) {
    std::vector<Entry> due;
    std::string end = due_key(now + std::chrono::seconds{1}, QueueId{});
    std::lock_guard lock{mutex_};
    auto cursor = store_.kv().scan(due_prefix, end);
    for (cursor->seek(due_prefix); cursor->valid() && due.size() < limit; cursor->next()) {
        Decoder key{cursor->key().substr(due_prefix.size() + 8)};
        QueueId id{key.be<std::uint64_t>()};
        if (taken_.contains(id)) continue;
        auto bytes = store_.kv().get(entry_key(id));
        if (!bytes) return std::unexpected(storage_failure(bytes.error()));
        if (!*bytes) continue;
        auto entry = decode_entry(id, **bytes);
        if (!entry) continue;  // `storage verify` reports it
        taken_.insert(id);
        due.push_back(std::move(*entry));
    }
    if (auto ok = cursor->status(); !ok) return std::unexpected(storage_failure(ok.error()));
    return due;
}

mailstore::Result<Queue::Taken> Queue::take(QueueId id) {
    std::lock_guard lock{mutex_};
    if (taken_.contains(id)) return Taken{std::nullopt, true};
    auto found = find(id);
    if (!found) return std::unexpected(found.error());
    if (*found) taken_.insert(id);
    return Taken{std::move(*found), false};
}

std::optional<Time> Queue::next_due() {
    std::lock_guard lock{mutex_};
    auto cursor = store_.kv().scan(due_prefix, due_end);
    for (cursor->seek(due_prefix); cursor->valid(); cursor->next()) {
        Decoder key{cursor->key().substr(due_prefix.size())};
        auto due = key.be<std::uint64_t>();
        if (!taken_.contains(QueueId{key.be<std::uint64_t>()})) return Time{std::chrono::seconds{due}};
    }
    return std::nullopt;
}

mailstore::Result<> Queue::put_back(const Entry& before, const Entry& after) {
    mailstore::Result<> result;
    if (after.finished()) {
        result = store_.release_hold(after.blob, [&](kv::Batch& batch) { change(before, after, batch); });
    } else {
        kv::Batch batch;
        change(before, after, batch);
        if (auto written = store_.kv().write(std::move(batch)); !written)
            result = std::unexpected(storage_failure(written.error()));
    }
    std::lock_guard lock{mutex_};
    taken_.erase(after.id);
    return result;
}

mailstore::Result<std::optional<Entry>> Queue::find(QueueId id) {
    auto bytes = store_.kv().get(entry_key(id));
    if (!bytes) return std::unexpected(storage_failure(bytes.error()));
    if (!*bytes) return std::nullopt;
    auto entry = decode_entry(id, **bytes);
    if (!entry)
        return std::unexpected(
            mailstore::Failure{mailstore::MailError::corrupt, "queue entry " + to_string(id)});
    return entry;
}

mailstore::Result<> Queue::each(const std::function<bool(const Entry&)>& visit) {
    auto cursor = store_.kv().scan(entry_prefix, entry_end);
    for (cursor->seek(entry_prefix); cursor->valid(); cursor->next()) {
        Decoder key{cursor->key().substr(entry_prefix.size())};
        auto entry = decode_entry(QueueId{key.be<std::uint64_t>()}, cursor->value());
        if (entry && !visit(*entry)) break;
    }
    if (auto ok = cursor->status(); !ok) return std::unexpected(storage_failure(ok.error()));
    return {};
}

}  // namespace postrider::queue
