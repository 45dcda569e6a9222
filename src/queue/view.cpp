#include "queue/view.h"

#include <algorithm>

#include "base/codec.h"
#include "queue/record.h"

namespace postrider::queue {
namespace {

bool read_recipient(Decoder& in, std::uint8_t as_version, std::string_view before, EntryView::Recipient& r) {
    r = {};
    r.local = in.string();
    r.domain = in.string();
    in.string();  // ORCPT
    in.be<std::uint8_t>();
    r.state = static_cast<Recipient::State>(in.be<std::uint8_t>());
    r.status = in.string();
    r.diagnostic = in.string();
    if (as_version < 2) return in.ok();
    const auto bits = in.be<std::uint8_t>();
    if (bits & record::has_destination) r.destination = in.string();
    if (bits & record::same_destination) r.destination = before;
    if (bits & record::has_schedule) {
        r.attempts = static_cast<std::uint32_t>(in.varint());
        r.next_attempt = in.varint();
        in.varint();
        in.varint();
    }
    if (bits & record::has_remote_host) r.remote_host = in.string();
    if (bits & record::has_owed) r.owed = in.be<std::uint8_t>();
    if (bits & record::has_forwarder) (void)in.string();
    return in.ok();
}

}  // namespace

bool EntryView::read(QueueId entry_id, std::string_view bytes) {
    Decoder in{bytes};
    const auto entry_version = in.be<std::uint8_t>();
    if (entry_version == 0 || entry_version > record::entry_version) return false;
    id = entry_id;
    in.take(8);
    size = in.varint();
    const std::uint64_t old_attempts = entry_version == 1 ? in.varint() : 0;
    wake = in.be<std::uint64_t>();
    const auto as_version = in.be<std::uint8_t>();
    if (as_version == 0 || as_version > record::envelope_version) return false;
    sender_local = in.string();
    sender_domain = in.string();
    in.string();  // ENVID
    const auto bits = in.be<std::uint8_t>();
    in.be<std::uint8_t>();
    authenticated = in.string();
    client = in.string();
    in.string();  // HELO
    arrival = in.be<std::uint64_t>();
    priority = 0;
    release = 0;
    if (as_version >= 2) {
        if (bits & record::priority_bit) priority = static_cast<std::int8_t>(in.be<std::uint8_t>());
        if (bits & record::by_bit) {
            in.varint();
            in.be<std::uint8_t>();
        }
        if (bits & record::release_bit) release = in.varint();
        if (bits & record::asked_bit) (void)in.string();
    }
    const auto count = in.varint();
    recipients.clear();
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        const std::string_view before =
            recipients.empty() ? std::string_view{} : recipients.back().destination;
        if (!read_recipient(in, as_version, before, recipients.emplace_back())) return false;
        if (entry_version == 1 && recipients.back().state == queue::Recipient::State::pending) {
            recipients.back().attempts = static_cast<std::uint32_t>(old_attempts);
            recipients.back().next_attempt = wake;
        }
    }
    return in.ok() && in.at_end();
}

std::string_view state_word(const EntryView& entry, bool sending) {
    if (sending) return "Sending";
    using State = queue::Recipient::State;
    bool kept = false, held = false, failed = false, unrouted = false, waiting = false, relay_error = false,
         local_error = false;
    for (const EntryView::Recipient& r : entry.recipients) {
        held |= r.state == State::held;
        kept |= quarantined(r);
        failed |= r.state == State::failed;
        if (r.state != State::pending) continue;
        if (r.destination.empty())
            (r.attempts == 0 ? unrouted : local_error) = true;
        else
            (r.attempts == 0 ? waiting : relay_error) = true;
    }
    if (relay_error) return "Relay error";
    if (local_error) return "Local error";
    if (waiting) return "Processed";
    if (unrouted) return "Received";
    if (kept) return "Quarantined";
    if (held) return "Held";
    return failed ? "Send Failure" : "Sent";
}

}  // namespace postrider::queue
