#include "queue/entry.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/codec.h"
#include "queue/record.h"

namespace postrider::queue {
namespace {

constexpr std::uint8_t version = record::entry_version;

std::uint64_t seconds_of(Time time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

/// Version 1 had one schedule for all recipients.
void spread_schedule(Entry& entry, std::uint32_t attempts) {
    for (Recipient& recipient : entry.envelope.recipients) {
        if (recipient.state != Recipient::State::pending) continue;
        recipient.attempts = attempts;
        recipient.next_attempt = entry.wake.value_or(Time{});
    }
}

}  // namespace

std::string encode(const Entry& entry) {
    std::string out;
    out.push_back(static_cast<char>(version));
    put_be(out, entry.blob.value());
    put_varint(out, entry.size);
    put_be(out, entry.wake ? std::max<std::uint64_t>(seconds_of(*entry.wake), 1) : std::uint64_t{0});
    encode(out, entry.envelope);
    return out;
}

std::optional<Entry> decode_entry(QueueId id, std::string_view bytes) {
    constexpr std::uint64_t last =
        std::chrono::duration_cast<std::chrono::seconds>(Time::duration::max()).count();
    Decoder in{bytes};
    const auto as_version = in.be<std::uint8_t>();
    if (as_version == 0 || as_version > version) return std::nullopt;
    Entry entry;
    entry.id = id;
    entry.blob = BlobId{in.be<std::uint64_t>()};
    const std::uint64_t size = in.varint(), attempts = as_version == 1 ? in.varint() : 0;
    const auto due = in.be<std::uint64_t>();
    if (size > UINT32_MAX || attempts > UINT32_MAX || due > last) return std::nullopt;
    entry.size = static_cast<std::uint32_t>(size);
    if (due != 0) entry.wake = Time{std::chrono::seconds{due}};
    auto envelope = decode_envelope(in.rest());
    if (!in.ok() || !envelope) return std::nullopt;
    entry.envelope = std::move(*envelope);
    if (as_version == 1) spread_schedule(entry, static_cast<std::uint32_t>(attempts));
    return entry;
}

bool Entry::finished() const {
    return std::ranges::none_of(envelope.recipients, [](const Recipient& r) {
        return r.state == Recipient::State::pending || r.state == Recipient::State::held
               || r.owed != Recipient::nothing;
    });
}

bool Entry::owes_reports() const {
    return std::ranges::any_of(envelope.recipients,
                               [](const Recipient& r) { return r.owed != Recipient::nothing; });
}

std::uint32_t Entry::attempts() const {
    std::uint32_t most = 0;
    for (const Recipient& recipient : envelope.recipients) most = std::max(most, recipient.attempts);
    return most;
}

std::optional<Time> Entry::next_attempt() const {
    std::optional<Time> next;
    for (const Recipient& recipient : envelope.recipients)
        if (recipient.state == Recipient::State::pending && (!next || recipient.next_attempt < *next))
            next = recipient.next_attempt;
    return next;
}

void Entry::plan(Time now) {
    wake.reset();
    auto at = [&](Time time) {
        time = std::max(time, full_seconds(now));  // looks begin where the last one ended
        if (!wake || time < *wake) wake = time;
    };
    bool pending = false;
    for (const Recipient& recipient : envelope.recipients) {
        if (recipient.owed != Recipient::nothing) at(now);
        if (recipient.state != Recipient::State::pending) continue;
        pending = true;
        if (recipient.destination.empty()) at(recipient.next_attempt);
    }
    if (pending && envelope.deliver_by && envelope.deliver_by->mode != DeliverBy::Mode::told)
        at(envelope.deliver_by->time);
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

}  // namespace postrider::queue
