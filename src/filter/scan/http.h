#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "filter/scan/socket.h"

/// As much of HTTP/1.1 (RFC 9112) as an exchange with a companion on the next port takes.
namespace postrider::filter {

struct HttpAnswer {
    unsigned status = 0;
    std::string body;
    bool keep = false;  ///< the connection may be used again (RFC 9112 §9.3)
};

/// The header of an answer; `header` ends behind its empty line.
struct HttpHead {
    unsigned status = 0;
    bool keep = false;
    bool chunked = false;
    std::optional<std::size_t> length;
};
/// Nothing when it is no answer of HTTP/1.x, or says two things about its length (RFC 9112 §6.3).
std::optional<HttpHead> parse_http_head(std::string_view header);

/// The body of a chunked answer (§7.1) as far as it is there. `taken` is what has been decoded of `octets`.
struct Chunked {
    enum class State : std::uint8_t { more, done, nonsense } state = State::more;
    std::string body;
    std::size_t taken = 0;
};
void decode_chunks(std::string_view octets, Chunked& into);

/// Reads one answer of at most `limit` octets of body.
Maybe<HttpAnswer> receive_http(Socket& socket, std::size_t limit, const Patience& patience);

/// For a field's value: what would end the line, and everything not printable, goes.
std::string http_value(std::string_view text);

}  // namespace postrider::filter
