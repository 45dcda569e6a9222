#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "xmpp/wire/element.h"

namespace postrider::xmpp {

/// An XML stream (RFC 6120 §4) in pieces, however they are cut, becomes its elements. Pure. What RFC 6120
/// §11.1 forbids (document types, entities, comments, processing instructions), what is not well-formed and
/// what passes a limit ends it. One reader is for one stream: after STARTTLS or log-in there is a new one.
class StreamReader {
public:
    struct Limits {
        std::size_t octets = 65'536;  ///< of one stanza (RFC 6120 §13.12: at least 10,000)
        unsigned depth = 32;          ///< of elements in one another, the stream itself counts
        unsigned elements = 1'000;    ///< in one stanza
    };
    struct Event {
        enum class Kind : std::uint8_t {
            opened,   ///< the stream's head: `element` without children
            element,  ///< a stanza, features, an error of the stream ...
            closed,   ///< the stream's end
            failed,   ///< `problem` says why; nothing follows
        };
        Kind kind = Kind::failed;
        Element element;
        std::string problem{};
    };

    StreamReader();
    explicit StreamReader(Limits limits);
    ~StreamReader();
    StreamReader(StreamReader&&) noexcept;
    StreamReader& operator=(StreamReader&&) noexcept;

    /// Takes the octets; what they have completed is then to be had from next().
    void feed(std::string_view octets);
    std::optional<Event> next();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::xmpp
