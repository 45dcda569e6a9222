#include "rpop/connection.h"

#include <array>

#include "base/codec.h"
#include "text/ascii.h"

namespace postrider::rpop {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::array<std::string_view, 2> protocols{"pop3", "imap"};
constexpr std::array<std::string_view, 3> securities{"none", "starttls", "tls"};

std::uint64_t seconds(Time time) {
    auto count = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
    return count < 0 ? 0 : static_cast<std::uint64_t>(count);
}
Time time_of(std::uint64_t count) {
    return Time{std::chrono::seconds{static_cast<std::int64_t>(count > 0x1'ffff'ffff ? 0 : count)}};
}

}  // namespace

std::string_view word(Protocol protocol) {
    return protocols[static_cast<std::size_t>(protocol)];
}
std::string_view word(Security security) {
    return securities[static_cast<std::size_t>(security)];
}
std::optional<Protocol> protocol_of(std::string_view given) {
    for (std::size_t i = 0; i < protocols.size(); ++i)
        if (text::equal_ci(given, protocols[i])) return static_cast<Protocol>(i);
    return std::nullopt;
}
std::optional<Security> security_of(std::string_view given) {
    for (std::size_t i = 0; i < securities.size(); ++i)
        if (text::equal_ci(given, securities[i])) return static_cast<Security>(i);
    return std::nullopt;
}

std::uint16_t usual_port(Protocol protocol, Security security) {
    if (protocol == Protocol::pop3) return security == Security::implicit ? 995 : 110;  // RFC 8314 §7
    return security == Security::implicit ? 993 : 143;
}

std::string encode(const Connection& c) {
    std::string out;
    put_be(out, version);
    put_be(out, static_cast<std::uint8_t>((c.enabled ? 1 : 0) | (c.verify ? 2 : 0) | (c.keep ? 4 : 0)));
    put_be(out, static_cast<std::uint8_t>(c.protocol));
    put_be(out, static_cast<std::uint8_t>(c.security));
    put_be(out, c.port);
    for (const std::string* text : {&c.host, &c.user, &c.sealed_password, &c.folder, &c.remote_folder})
        put_string(out, *text);
    put_varint(out, static_cast<std::uint64_t>(c.interval.count()));
    put_varint(out, c.days);
    return out;
}

std::optional<Connection> decode_connection(std::string_view bytes) {
    Decoder in{bytes};
    if (in.be<std::uint8_t>() != version) return std::nullopt;
    Connection c;
    auto bits = in.be<std::uint8_t>();
    auto protocol = in.be<std::uint8_t>();
    auto security = in.be<std::uint8_t>();
    c.port = in.be<std::uint16_t>();
    for (std::string* text : {&c.host, &c.user, &c.sealed_password, &c.folder, &c.remote_folder})
        *text = in.string();
    auto interval = in.varint();
    auto days = in.varint();
    if (!in.ok() || !in.at_end() || protocol >= protocols.size() || security >= securities.size()
        || interval > 1'000'000 || days > 1'000'000)
        return std::nullopt;
    c.enabled = (bits & 1) != 0;
    c.verify = (bits & 2) != 0;
    c.keep = (bits & 4) != 0;
    c.protocol = static_cast<Protocol>(protocol);
    c.security = static_cast<Security>(security);
    c.interval = std::chrono::minutes{static_cast<std::int64_t>(interval)};
    c.days = static_cast<unsigned>(days);
    return c;
}

std::string encode(const Status& s) {
    std::string out;
    put_be(out, version);
    put_varint(out, seconds(s.last));
    put_varint(out, seconds(s.next));
    put_string(out, s.result);
    put_be(out, static_cast<std::uint8_t>(s.ok));
    put_varint(out, s.failures);
    put_varint(out, s.fetched);
    put_varint(out, s.uid_validity);
    put_varint(out, s.last_uid);
    return out;
}

std::optional<Status> decode_status(std::string_view bytes) {
    Decoder in{bytes};
    if (in.be<std::uint8_t>() != version) return std::nullopt;
    Status s;
    s.last = time_of(in.varint());
    s.next = time_of(in.varint());
    s.result = in.string();
    s.ok = in.be<std::uint8_t>() != 0;
    s.failures = static_cast<std::uint32_t>(in.varint());
    s.fetched = in.varint();
    s.uid_validity = static_cast<std::uint32_t>(in.varint());
    s.last_uid = static_cast<std::uint32_t>(in.varint());
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return s;
}

}  // namespace postrider::rpop
