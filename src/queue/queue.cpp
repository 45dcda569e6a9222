#include "queue/queue.h"

#include <algorithm>
#include <span>

#include "base/codec.h"
#include "queue/keys.h"

namespace postrider::queue {
namespace {

/// Among so many of the oldest due entries the most urgent are chosen.
constexpr std::size_t window = 128;
/// Due keys are written with the time at which their batch was made: mostly no older than this when they
/// appear. For those that are, all are looked through now and then.
constexpr auto late_batches = std::chrono::seconds{3}, look_at_all = std::chrono::seconds{60};

std::uint8_t priority_class(const Entry& entry) {
    return static_cast<std::uint8_t>(9 - entry.envelope.priority);
}

/// The keys under which the entry waits in virtual queues. A message has few destinations or many recipients
/// of one, which come in a row.
template <class Visit>
void each_waiting(const Entry& entry, Visit&& visit) {
    const Recipient* before = nullptr;
    for (const Recipient& r : entry.envelope.recipients) {
        if (r.state != Recipient::State::pending || r.destination.empty()) continue;
        if (before && before->destination == r.destination && before->epoch == r.epoch
            && before->next_attempt == r.next_attempt)
            continue;
        before = &r;
        Place place{priority_class(entry), r.epoch, r.next_attempt, entry.id};
        visit(r, keys::waiting(r.destination, place));
    }
}

}  // namespace

void Queue::add(const Entry& entry, kv::Batch& batch) {
    batch.put(keys::entry(entry.id), encode(entry));
    if (entry.wake) {
        const char urgency = static_cast<char>(priority_class(entry));
        batch.put(keys::due(*entry.wake, entry.id),
                  entry.envelope.priority == 0 ? std::string_view{} : std::string_view{&urgency, 1});
    }
    each_waiting(entry, [&](const Recipient& r, const std::string& key) {
        batch.put(key, {});
        batch.put(keys::visit(r.next_attempt, r.destination), {});
    });
}

void Queue::change(const Entry& before, const Entry& after, kv::Batch& batch) {
    if (before.wake) batch.erase(keys::due(*before.wake, before.id));
    std::vector<std::string> left;
    each_waiting(before, [&](const Recipient&, std::string key) { left.push_back(std::move(key)); });
    if (after.finished()) {
        for (const std::string& key : left) batch.erase(key);
        batch.erase(keys::entry(after.id));
        return;
    }
    std::ranges::sort(left);
    std::vector<std::string> kept;
    batch.put(keys::entry(after.id), encode(after));
    if (after.wake) {
        const char urgency = static_cast<char>(priority_class(after));
        batch.put(keys::due(*after.wake, after.id),
                  after.envelope.priority == 0 ? std::string_view{} : std::string_view{&urgency, 1});
    }
    each_waiting(after, [&](const Recipient& r, std::string key) {
        if (!std::ranges::binary_search(left, key)) {
            batch.put(key, {});
            batch.put(keys::visit(r.next_attempt, r.destination), {});
        }
        kept.push_back(std::move(key));
    });
    std::ranges::sort(kept);
    for (const std::string& key : left)
        if (!std::ranges::binary_search(kept, key)) batch.erase(key);
}

mailstore::Result<std::vector<Entry>> Queue::take_due(Time now, std::size_t limit) {
    struct Candidate {
        int urgency;
        std::string key;
        QueueId id;
    };
    std::vector<Candidate> found;
    std::optional<Time> oldest;
    const std::string end = keys::due(now + std::chrono::seconds{1}, QueueId{});
    std::lock_guard lock{mutex_};
    // Finished entries leave tombstones at the beginning of the schedule; walking over them each time would
    // be most of the work.
    bool all = now < looked_at_all_ || now - looked_at_all_ > look_at_all;
    const std::string begin =
        all ? std::string{keys::due_prefix} : keys::due(looked_through_ - late_batches, QueueId{});
    auto cursor = store_.kv().scan(begin, end);
    for (cursor->seek(begin); cursor->valid() && found.size() < window; cursor->next()) {
        Decoder key{cursor->key().substr(keys::due_prefix.size() + 8)};
        QueueId id{key.be<std::uint64_t>()};
        if (taken_.contains(id)) continue;
        if (!oldest) {
            Decoder when{cursor->key().substr(keys::due_prefix.size())};
            oldest = Time{std::chrono::seconds{static_cast<std::int64_t>(when.be<std::uint64_t>())}};
        }
        int urgency = cursor->value().empty() ? 9 : static_cast<unsigned char>(cursor->value()[0]);
        found.push_back({urgency, std::string{cursor->key()}, id});
    }
    if (auto ok = cursor->status(); !ok) return std::unexpected(keys::failure(ok.error()));
    looked_through_ = oldest.value_or(now);
    if (all) looked_at_all_ = now;
    std::ranges::stable_sort(found, {}, &Candidate::urgency);

    std::vector<Entry> due;
    kv::Batch stale;
    for (const Candidate& one : found) {
        if (due.size() == limit) break;
        auto bytes = store_.kv().get(keys::entry(one.id));
        if (!bytes) return std::unexpected(keys::failure(bytes.error()));
        if (!*bytes) {
            stale.erase(one.key);
            continue;
        }
        auto entry = decode_entry(one.id, **bytes);
        if (!entry) continue;  // `storage verify` reports it
        taken_.insert(one.id);
        due.push_back(std::move(*entry));
    }
    if (!stale.empty()) (void)store_.kv().write(std::move(stale));
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

mailstore::Result<std::optional<Entry>> Queue::wait_and_take(QueueId id) {
    {
        std::unique_lock lock{mutex_};
        freed_.wait(lock, [&] { return !taken_.contains(id); });
        taken_.insert(id);
    }
    auto found = find(id);
    if (!found || !*found) let_go(id);
    return found;
}

void Queue::let_go(QueueId id) {
    {
        std::lock_guard lock{mutex_};
        taken_.erase(id);
    }
    freed_.notify_all();
}

mailstore::Result<> Queue::put_back(const Entry& before, const Entry& after) {
    mailstore::Result<> result;
    if (after.finished()) {
        result = store_.release_hold(after.blob, [&](kv::Batch& batch) { change(before, after, batch); });
        if (result) --size_;
    } else {
        kv::Batch batch;
        change(before, after, batch);
        if (auto written = store_.kv().write(std::move(batch)); !written)
            result = std::unexpected(keys::failure(written.error()));
    }
    let_go(after.id);
    return result;
}

void Queue::mend(std::string_view destination, const Place& place) {
    auto taken = take(place.id);
    if (taken && taken->busy) return;
    const std::string key = keys::waiting(destination, place);
    bool right = !taken && taken.error().kind != mailstore::MailError::corrupt;
    if (taken && taken->entry)
        each_waiting(*taken->entry, [&](const Recipient&, const std::string& one) { right |= one == key; });
    if (!right) {
        kv::Batch stale;
        stale.erase(key);
        (void)store_.kv().write(std::move(stale));
    }
    if (taken && taken->entry) let_go(place.id);
}

mailstore::Result<std::optional<Entry>> Queue::find(QueueId id) {
    auto bytes = store_.kv().get(keys::entry(id));
    if (!bytes) return std::unexpected(keys::failure(bytes.error()));
    if (!*bytes) return std::nullopt;
    auto entry = decode_entry(id, **bytes);
    if (!entry)
        return std::unexpected(
            mailstore::Failure{mailstore::MailError::corrupt, "queue entry " + to_string(id)});
    return entry;
}

mailstore::Result<> Queue::each(const std::function<bool(const Entry&)>& visit, QueueId after) {
    return each_record(
        [&](QueueId id, std::string_view bytes) {
            auto entry = decode_entry(id, bytes);
            return !entry || visit(*entry);
        },
        after);
}

mailstore::Result<> Queue::each_record(const std::function<bool(QueueId, std::string_view)>& visit,
                                       QueueId after, QueueId last) {
    const std::string begin = keys::entry(QueueId{after.value() + 1}),
                      end = keys::entry(QueueId{last.value() + 1});
    auto cursor = store_.kv().scan(begin, end, nullptr, kv::Access::many);
    for (cursor->seek(begin); cursor->valid(); cursor->next()) {
        Decoder key{cursor->key().substr(keys::entry_prefix.size())};
        if (!visit(QueueId{key.be<std::uint64_t>()}, cursor->value())) break;
    }
    if (auto ok = cursor->status(); !ok) return std::unexpected(keys::failure(ok.error()));
    return {};
}

mailstore::Result<std::optional<std::pair<QueueId, QueueId>>> Queue::range() {
    auto cursor = store_.kv().scan(keys::entry_prefix, keys::entry_end);
    auto id = [&] {
        Decoder key{cursor->key().substr(keys::entry_prefix.size())};
        return QueueId{key.be<std::uint64_t>()};
    };
    std::optional<std::pair<QueueId, QueueId>> range;
    cursor->seek(keys::entry_prefix);
    if (cursor->valid()) {
        range.emplace(id(), id());
        cursor->seek_for_prev(keys::entry_end);
        if (cursor->valid()) range->second = id();
    }
    if (auto ok = cursor->status(); !ok) return std::unexpected(keys::failure(ok.error()));
    return range;
}

mailstore::Result<std::vector<QueueId>> Queue::asleep(Time now, std::size_t limit) {
    std::vector<QueueId> found;
    const std::string begin = keys::due(now + std::chrono::seconds{1}, QueueId{});
    auto cursor = store_.kv().scan(begin, keys::due_end);
    for (cursor->seek(begin); cursor->valid() && found.size() < limit; cursor->next()) {
        Decoder key{cursor->key().substr(keys::due_prefix.size() + 8)};
        found.push_back(QueueId{key.be<std::uint64_t>()});
    }
    if (auto ok = cursor->status(); !ok) return std::unexpected(keys::failure(ok.error()));
    return found;
}

std::uint64_t Queue::size() const {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(size_, 0));
}

mailstore::Result<> Queue::count_all() {
    std::int64_t count = 0;
    const std::int64_t changes = size_;  // since we were made
    auto counted = each_record([&](QueueId, std::string_view) { return ++count != 0; });
    if (counted) size_ += count - changes;
    return counted;
}

bool Queue::busy(QueueId id) {
    std::lock_guard lock{mutex_};
    return taken_.contains(id);
}

}  // namespace postrider::queue
