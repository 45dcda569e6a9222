#include "queue/envelope.h"

#include "base/codec.h"
#include "queue/record.h"

namespace postrider::queue {
namespace {

using namespace record;

constexpr std::uint8_t version = envelope_version;

void put(std::string& out, const mime::AddrSpec& address) {
    put_string(out, address.local);
    put_string(out, address.domain);
}

mime::AddrSpec take_address(Decoder& in) {
    mime::AddrSpec address;
    address.local = in.string();
    address.domain = in.string();
    return address;
}

void put_seconds(std::string& out, Time time) {
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
    put_varint(out, seconds < 0 ? 0 : static_cast<std::uint64_t>(seconds));
}

/// Nothing for what a Time, which counts nanoseconds, cannot hold.
std::optional<Time> take_seconds(Decoder& in) {
    constexpr std::uint64_t last =
        std::chrono::duration_cast<std::chrono::seconds>(Time::duration::max()).count();
    const std::uint64_t seconds = in.varint();
    if (seconds > last) return std::nullopt;
    return Time{std::chrono::seconds{seconds}};
}

void put(std::string& out, const Recipient& recipient, const Recipient* before) {
    put(out, recipient.address);
    put_string(out, recipient.original);
    out.push_back(static_cast<char>(recipient.notify));
    out.push_back(static_cast<char>(recipient.state));
    put_string(out, recipient.status);
    put_string(out, recipient.diagnostic);
    std::uint8_t bits = 0;
    if (!recipient.destination.empty())
        bits |= before && before->destination == recipient.destination ? same_destination : has_destination;
    if (recipient.attempts != 0 || recipient.next_attempt != Time{} || recipient.last_attempt != Time{}
        || recipient.epoch != 0)
        bits |= has_schedule;
    if (!recipient.remote_host.empty()) bits |= has_remote_host;
    if (recipient.owed != Recipient::nothing) bits |= has_owed;
    if (!recipient.forwarded_by.empty()) bits |= has_forwarder;
    if (recipient.unfiltered) bits |= is_unfiltered;
    out.push_back(static_cast<char>(bits));
    if (bits & has_destination) put_string(out, recipient.destination);
    if (bits & has_schedule) {
        put_varint(out, recipient.attempts);
        put_seconds(out, recipient.next_attempt);
        put_seconds(out, recipient.last_attempt);
        put_varint(out, recipient.epoch);
    }
    if (bits & has_remote_host) put_string(out, recipient.remote_host);
    if (bits & has_owed) out.push_back(static_cast<char>(recipient.owed));
    if (bits & has_forwarder) put_string(out, recipient.forwarded_by);
}

bool take_route(Decoder& in, Recipient& recipient, const Recipient* before) {
    const auto bits = in.be<std::uint8_t>();
    if (bits > recipient_bits) return false;
    if (bits & has_destination) recipient.destination = in.string();
    if (bits & same_destination) {
        if (!before) return false;
        recipient.destination = before->destination;
    }
    if (bits & has_schedule) {
        const std::uint64_t attempts = in.varint();
        auto next = take_seconds(in), last = take_seconds(in);
        const std::uint64_t epoch = in.varint();
        if (attempts > UINT32_MAX || epoch > UINT32_MAX || !next || !last) return false;
        recipient.attempts = static_cast<std::uint32_t>(attempts);
        recipient.next_attempt = *next;
        recipient.last_attempt = *last;
        recipient.epoch = static_cast<std::uint32_t>(epoch);
    }
    if (bits & has_remote_host) recipient.remote_host = in.string();
    if (bits & has_owed) recipient.owed = in.be<std::uint8_t>();
    if (bits & has_forwarder) recipient.forwarded_by = in.string();
    recipient.unfiltered = (bits & is_unfiltered) != 0;
    return recipient.owed <= 7;
}

std::optional<Recipient> take_recipient(Decoder& in, std::uint8_t as_version, const Recipient* before) {
    Recipient recipient;
    recipient.address = take_address(in);
    recipient.original = in.string();
    recipient.notify = in.be<std::uint8_t>();
    auto state = in.be<std::uint8_t>();
    if (state > static_cast<std::uint8_t>(Recipient::State::sent)) return std::nullopt;
    recipient.state = static_cast<Recipient::State>(state);
    recipient.status = in.string();
    recipient.diagnostic = in.string();
    if (as_version >= 2 && !take_route(in, recipient, before)) return std::nullopt;
    return recipient;
}

bool take_wishes(Decoder& in, std::uint8_t bits, Envelope& envelope) {
    envelope.require_tls = bits & tls_bit;
    envelope.return_headers = bits & headers_bit;
    if (bits & priority_bit) envelope.priority = static_cast<std::int8_t>(in.be<std::uint8_t>());
    if (envelope.priority < -9 || envelope.priority > 9) return false;
    if (bits & by_bit) {
        auto time = take_seconds(in);
        const auto mode = in.be<std::uint8_t>();
        if (!time || (mode & 3) > 2 || mode > 7) return false;
        envelope.deliver_by = DeliverBy{*time, static_cast<DeliverBy::Mode>(mode & 3), (mode & 4) != 0};
    }
    if (bits & release_bit) {
        auto time = take_seconds(in);
        if (!time) return false;
        envelope.release = *time;
    }
    if (bits & asked_bit) envelope.release_asked = in.string();
    return true;
}

void put_wishes(std::string& out, std::uint8_t bits, const Envelope& envelope) {
    if (bits & priority_bit) out.push_back(static_cast<char>(envelope.priority));
    if (bits & by_bit) {
        put_seconds(out, envelope.deliver_by->time);
        out.push_back(static_cast<char>(static_cast<std::uint8_t>(envelope.deliver_by->mode)
                                        | (envelope.deliver_by->trace ? 4 : 0)));
    }
    if (bits & release_bit) put_seconds(out, envelope.release);
    if (bits & asked_bit) put_string(out, envelope.release_asked);
}

std::optional<Envelope> take_envelope(Decoder& in) {
    const auto as_version = in.be<std::uint8_t>();
    if (as_version == 0 || as_version > version) return std::nullopt;
    Envelope envelope;
    envelope.reverse_path = take_address(in);
    envelope.envid = in.string();
    auto bits = in.be<std::uint8_t>();
    envelope.return_full = bits & full_bit;
    envelope.smtputf8 = bits & utf8_bit;
    auto body = in.be<std::uint8_t>();
    if (body > static_cast<std::uint8_t>(BodyType::binary)) return std::nullopt;
    envelope.body = static_cast<BodyType>(body);
    envelope.authenticated = in.string();
    envelope.client = in.string();
    envelope.helo = in.string();
    using std::chrono::microseconds;
    const microseconds arrival{static_cast<std::int64_t>(in.be<std::uint64_t>())};
    // Beyond these a Time, which counts nanoseconds, would overflow.
    if (arrival > std::chrono::duration_cast<microseconds>(Time::duration::max())
        || arrival < std::chrono::duration_cast<microseconds>(Time::duration::min()))
        return std::nullopt;
    envelope.arrival = Time{arrival};
    if (as_version >= 2 && !take_wishes(in, bits, envelope)) return std::nullopt;
    auto count = in.varint();
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        const Recipient* before = envelope.recipients.empty() ? nullptr : &envelope.recipients.back();
        auto recipient = take_recipient(in, as_version, before);
        if (!recipient) return std::nullopt;
        envelope.recipients.push_back(std::move(*recipient));
    }
    if (!in.ok()) return std::nullopt;
    return envelope;
}

void put(std::string& out, const mailstore::Target& target) {
    put_be(out, target.account.value());
    put_string(out, target.folder);
    out.push_back(static_cast<char>(target.flags));
    put_varint(out, target.keywords.size());
    for (const std::string& keyword : target.keywords) put_string(out, keyword);
    put_string(out, target.prefix);
}

mailstore::Target take_target(Decoder& in) {
    mailstore::Target target;
    target.account = AccountId{in.be<std::uint64_t>()};
    target.folder = in.string();
    target.flags = in.be<std::uint8_t>();
    auto count = in.varint();
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) target.keywords.emplace_back(in.string());
    target.prefix = in.string();
    return target;
}

}  // namespace

void encode(std::string& out, const Envelope& envelope) {
    std::uint8_t bits = 0;
    if (envelope.return_full) bits |= full_bit;
    if (envelope.smtputf8) bits |= utf8_bit;
    if (envelope.require_tls) bits |= tls_bit;
    if (envelope.return_headers) bits |= headers_bit;
    if (envelope.deliver_by) bits |= by_bit;
    if (envelope.release != Time{}) bits |= release_bit;
    if (envelope.priority != 0) bits |= priority_bit;
    if (!envelope.release_asked.empty()) bits |= asked_bit;
    out.push_back(static_cast<char>(version));
    put(out, envelope.reverse_path);
    put_string(out, envelope.envid);
    out.push_back(static_cast<char>(bits));
    out.push_back(static_cast<char>(envelope.body));
    put_string(out, envelope.authenticated);
    put_string(out, envelope.client);
    put_string(out, envelope.helo);
    auto arrival = std::chrono::duration_cast<std::chrono::microseconds>(envelope.arrival.time_since_epoch());
    put_be(out, static_cast<std::uint64_t>(arrival.count()));
    put_wishes(out, bits, envelope);
    put_varint(out, envelope.recipients.size());
    const Recipient* before = nullptr;
    for (const Recipient& recipient : envelope.recipients) {
        put(out, recipient, before);
        before = &recipient;
    }
}

std::optional<Envelope> decode_envelope(std::string_view bytes) {
    Decoder in{bytes};
    auto envelope = take_envelope(in);
    if (!in.at_end()) return std::nullopt;
    return envelope;
}

std::string Acceptance::encode() const {
    std::string out;
    queue::encode(out, envelope);
    put_varint(out, targets.size());
    for (const mailstore::Target& target : targets) put(out, target);
    if (!mark.empty()) put_string(out, mark);
    return out;
}

std::optional<Acceptance> Acceptance::decode(std::string_view bytes) {
    Decoder in{bytes};
    auto envelope = take_envelope(in);
    if (!envelope) return std::nullopt;
    Acceptance acceptance{std::move(*envelope), {}, {}};
    auto count = in.varint();
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) acceptance.targets.push_back(take_target(in));
    if (in.ok() && !in.at_end()) acceptance.mark = in.string();
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return acceptance;
}

}  // namespace postrider::queue
