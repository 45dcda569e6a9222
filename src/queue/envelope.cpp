#include "queue/envelope.h"

#include "base/codec.h"

namespace postrider::queue {
namespace {

constexpr std::uint8_t version = 1;

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

void put(std::string& out, const Recipient& recipient) {
    put(out, recipient.address);
    put_string(out, recipient.original);
    out.push_back(static_cast<char>(recipient.notify));
    out.push_back(static_cast<char>(recipient.state));
    put_string(out, recipient.status);
    put_string(out, recipient.diagnostic);
}

std::optional<Recipient> take_recipient(Decoder& in) {
    Recipient recipient;
    recipient.address = take_address(in);
    recipient.original = in.string();
    recipient.notify = in.be<std::uint8_t>();
    auto state = in.be<std::uint8_t>();
    if (state > static_cast<std::uint8_t>(Recipient::State::held)) return std::nullopt;
    recipient.state = static_cast<Recipient::State>(state);
    recipient.status = in.string();
    recipient.diagnostic = in.string();
    return recipient;
}

constexpr std::uint8_t full_bit = 1, utf8_bit = 2;

std::optional<Envelope> take_envelope(Decoder& in) {
    if (in.be<std::uint8_t>() != version) return std::nullopt;
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
    auto count = in.varint();
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        auto recipient = take_recipient(in);
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
    out.push_back(static_cast<char>(version));
    put(out, envelope.reverse_path);
    put_string(out, envelope.envid);
    out.push_back(
        static_cast<char>((envelope.return_full ? full_bit : 0) | (envelope.smtputf8 ? utf8_bit : 0)));
    out.push_back(static_cast<char>(envelope.body));
    put_string(out, envelope.authenticated);
    put_string(out, envelope.client);
    put_string(out, envelope.helo);
    auto arrival = std::chrono::duration_cast<std::chrono::microseconds>(envelope.arrival.time_since_epoch());
    put_be(out, static_cast<std::uint64_t>(arrival.count()));
    put_varint(out, envelope.recipients.size());
    for (const Recipient& recipient : envelope.recipients) put(out, recipient);
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
    return out;
}

std::optional<Acceptance> Acceptance::decode(std::string_view bytes) {
    Decoder in{bytes};
    auto envelope = take_envelope(in);
    if (!envelope) return std::nullopt;
    Acceptance acceptance{std::move(*envelope), {}};
    auto count = in.varint();
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) acceptance.targets.push_back(take_target(in));
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return acceptance;
}

}  // namespace postrider::queue
