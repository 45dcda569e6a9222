#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postrider::rpop {

/// A multi-line POP3 answer (RFC 1939 §3) in pieces as they arrive: dots removed, every line end made CRLF,
/// up to the line with a single dot. Pure. A line may end with LF alone, as some servers send it.
class Multiline {
public:
    /// @param limit  octets of the text; more ends it with too_large()
    explicit Multiline(std::size_t limit) : limit_{limit} {}

    /// Takes octets up to the end of the answer and says how many. Nothing is taken once done or too large.
    std::size_t take(std::string_view octets);
    bool done() const { return done_; }
    bool too_large() const { return too_large_; }
    std::string& text() { return text_; }

private:
    void store(std::string_view piece);

    const std::size_t limit_;
    std::string text_;
    enum class At { line_start, dot, dot_cr, text, cr } at_ = At::line_start;
    bool done_ = false;
    bool too_large_ = false;
};

}  // namespace postrider::rpop
