#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postrider::smtp {

/// Turns what follows DATA into the message's octets: dots are unstuffed, the end is found. The end of data
/// is CRLF "." CRLF and nothing else (RFC 5321 §4.1.1.4): LF.LF, CR.CR, LF.CRLF and their kin are content.
///
/// Octets may arrive in pieces of any size. Beyond `limit` they are counted and thrown away, so that the
/// dialogue goes on and the client gets its 552. A CR or LF that is not part of a CRLF (RFC 5321 §2.3.8
/// forbids them) becomes CRLF: what we store and hand on has one meaning for strict and sloppy readers alike.
class DataReceiver {
public:
    DataReceiver(std::string& into, std::size_t limit) : into_{into}, start_{into.size()}, limit_{limit} {}

    /// Takes from the front of `octets`.
    /// @return how many were taken; all of them unless the end was found, then what is left belongs to the
    /// next command.
    std::size_t take(std::string_view octets);

    /// Keeps nothing from here on, as if the limit had been passed.
    void discard();

    bool done() const { return done_; }
    bool too_large() const { return too_large_; }
    bool bare_newline() const {
        return bare_;
    }  ///< there was a bare CR or LF; the session may refuse the message for it
    std::size_t received() const { return received_; }  ///< octets of the message, also those thrown away

private:
    /// Where the line that is being read stands.
    enum class At {
        line_start,      ///< behind a CRLF
        line_start_odd,  ///< behind a normalized bare CR or LF: a dot here was never stuffed, and never ends
                         ///< the data
        text,
        cr,      ///< a CR was the last octet, not yet stored
        dot,     ///< a "." at a line's start, not yet stored
        dot_cr,  ///< "." CR at a line's start
    };

    void store(std::string_view text);
    void odd_newline();

    std::string& into_;
    std::size_t start_;
    std::size_t limit_;
    At at_ = At::line_start;
    bool done_ = false, too_large_ = false, bare_ = false;
    std::size_t received_ = 0;
};

/// Bare CR and LF become CRLF; for text that arrived by BDAT. Does nothing to text that has none.
/// @return whether there were any.
bool normalize_newlines(std::string& text, std::size_t from = 0);

}  // namespace postrider::smtp
