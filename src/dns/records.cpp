#include "dns/records.h"

#include <arpa/inet.h>

namespace postrider::dns {
namespace {

/// Octets of one record, taken from the front; remembers its first failure.
class Cursor {
public:
    explicit Cursor(std::string_view rdata) : rest_{rdata} {}

    std::uint8_t octet() {
        const std::string_view one = take(1);
        return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one[0]);
    }
    std::uint16_t word() {
        const unsigned high = octet();
        return static_cast<std::uint16_t>(high << 8 | octet());
    }
    std::string_view take(std::size_t count) {
        if (failed_ || rest_.size() < count) {
            failed_ = true;
            return {};
        }
        const std::string_view out = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return out;
    }
    std::string_view all() { return take(rest_.size()); }

    /// An uncompressed name, RFC 1035 §3.1: at most 255 octets. What is not printable, a dot inside a label
    /// and a backslash fail: no name of a host or a mail domain has them, and as text they would be
    /// ambiguous.
    std::string name() {
        std::string out;
        std::size_t size = 1;
        while (const std::size_t length = octet()) {
            size += length + 1;
            if (length > 63 || size > 255) failed_ = true;
            for (const char c : take(failed_ ? 0 : length)) {
                if (c <= ' ' || c > '~' || c == '.' || c == '\\') failed_ = true;
                out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            }
            if (failed_) return {};
            out += '.';
        }
        if (!out.empty()) out.pop_back();
        return out;
    }

    /// Nothing more to take: the end, or a failure.
    bool done() const { return failed_ || rest_.empty(); }
    /// Nothing unless all was well and nothing is left over.
    template <class T>
    std::optional<T> finish(T value) const {
        if (failed_ || !rest_.empty()) return std::nullopt;
        return value;
    }

private:
    std::string_view rest_;
    bool failed_ = false;
};

}  // namespace

std::optional<std::string> parse_address(std::string_view rdata) {
    char text[INET6_ADDRSTRLEN] = {};
    const int family = rdata.size() == 4 ? AF_INET : AF_INET6;
    if (rdata.size() != 4 && rdata.size() != 16) return std::nullopt;
    if (inet_ntop(family, rdata.data(), text, sizeof text) == nullptr) return std::nullopt;
    return text;
}

std::optional<std::string> parse_name(std::string_view rdata) {
    Cursor in{rdata};
    return in.finish(in.name());
}

std::optional<Mx> parse_mx(std::string_view rdata) {
    Cursor in{rdata};
    Mx mx;
    mx.preference = in.word();
    mx.exchange = in.name();
    return in.finish(std::move(mx));
}

std::optional<std::string> parse_txt(std::string_view rdata) {
    Cursor in{rdata};
    std::string text;
    text.reserve(rdata.size());
    do {  // RFC 1035 §3.3.14: one or more strings
        text += in.take(in.octet());
    } while (!in.done());
    return in.finish(std::move(text));
}

std::optional<Srv> parse_srv(std::string_view rdata) {
    Cursor in{rdata};
    Srv srv;
    srv.priority = in.word();
    srv.weight = in.word();
    srv.port = in.word();
    srv.target = in.name();
    return in.finish(std::move(srv));
}

std::optional<Tlsa> parse_tlsa(std::string_view rdata) {
    Cursor in{rdata};
    Tlsa tlsa;
    tlsa.usage = in.octet();
    tlsa.selector = in.octet();
    tlsa.matching = in.octet();
    tlsa.data = in.all();
    return in.finish(std::move(tlsa));
}

}  // namespace postrider::dns
