#pragma once

#include <cstddef>
#include <expected>
#include <string_view>
#include <utility>

/// Reading one command without losing the place.
namespace postrider::imap {

/// Where reading stopped and what would have been right there.
struct SyntaxError {
    std::size_t at = 0;         ///< octets from the start of what was parsed
    std::string_view expected;  ///< static text
};
template <class T>
using Parsed = std::expected<T, SyntaxError>;

/// Remembers its first failure: a rule reads straight down, and the error is looked at once, by finish().
/// After a failure nothing matches and every run is empty, so that loops end.
class Cursor {
public:
    explicit Cursor(std::string_view text) : text_{text} {}

    bool ok() const { return expected_.empty(); }
    bool at_end() const { return at_ == text_.size(); }
    std::size_t at() const { return at_; }
    std::string_view rest() const { return ok() ? text_.substr(at_) : std::string_view{}; }

    /// The next octet, '\0' at the end. (A NUL in the text reads as the end does: no rule takes either.)
    char peek() const { return ok() && at_ < text_.size() ? text_[at_] : '\0'; }

    /// Passes `word` if it stands here, in any case.
    bool take(std::string_view word);
    /// As take(), but only when no further letter, digit, '.' or '-' follows: "RETURN" is not "RETURNS".
    bool take_word(std::string_view word);
    void need(std::string_view word) {
        if (!take(word)) fail(word == " " ? std::string_view{"a space"} : word);
    }

    /// The longest run of octets that `accept` likes; may be empty.
    template <class Accept>
    std::string_view run(Accept accept) {
        if (!ok()) return {};
        std::size_t from = at_;
        while (at_ < text_.size() && accept(text_[at_])) ++at_;
        return text_.substr(from, at_ - from);
    }

    /// Exactly `count` octets, whatever they are.
    std::string_view octets(std::size_t count) {
        if (!ok() || count > text_.size() - at_) {
            fail("more octets");
            return {};
        }
        at_ += count;
        return text_.substr(at_ - count, count);
    }

    /// @param expected  a literal: it is kept as a view
    void fail(std::string_view expected) {
        if (ok()) expected_ = expected;
    }

    /// The value, when everything was read and nothing is left over.
    template <class T>
    Parsed<T> finish(T value) {
        if (ok() && !at_end()) fail("the end of the command");
        if (!ok()) return std::unexpected(SyntaxError{at_, expected_});
        return Parsed<T>{std::move(value)};
    }

private:
    std::string_view text_;
    std::size_t at_ = 0;
    std::string_view expected_;
};

}  // namespace postrider::imap
