#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

/// Pieces of a stream become whole commands with their literals.
namespace postrider::imap {

struct ReceiverLimits {
    std::size_t line = 64 * 1024;      ///< octets of a command outside its literals
    std::size_t literals = 64 * 1024;  ///< of all literals of a command other than APPEND, in sum
    std::size_t append = 0;  ///< of all literals of an APPEND or REPLACE, in sum; 0 = as other commands
    std::size_t literal_count = 256;
    std::size_t append_count = 10'000;  ///< what SAVELIMIT says
    std::uint64_t skip = 1u << 30;  ///< a non-synchronising literal that is too large is read past up to here
};

/// Knows nothing of a command's grammar but where it ends. A command is kept as it was sent, its literals in
/// place ("{5}" CRLF "hello"), so that the grammars can read it as one text; line ends inside are made CRLF.
/// A command that is too much is read past with what memory it has, so that the dialogue can go on.
class Receiver {
public:
    enum class Step {
        more,      ///< everything was taken, the command is not complete
        go_ahead,  ///< the client waits for "+" before it sends a literal (RFC 9051 §4.3)
        command,   ///< command() is complete
        too_long,  ///< the line passed its limit; the command has been read past
        too_big,   ///< a literal passed its limit, or there were too many
        nul,       ///< a NUL where only literal8 may have one
        hopeless,  ///< a literal too large even to skip: end the session (RFC 7888 §4)
    };
    struct Fed {
        Step step = Step::more;
        std::size_t used = 0;  ///< octets taken; the rest belongs to what follows
    };

    explicit Receiver(ReceiverLimits limits = {}) : limits_{limits} {}
    void limits(ReceiverLimits limits) { limits_ = limits; }

    Fed feed(std::string_view octets);

    /// The whole command without its last line end; after too_long and the like at least its tag. Valid until
    /// next().
    std::string_view command() const { return buffer_; }
    std::string take() { return std::move(buffer_); }
    /// Makes ready for another command; gives back what memory a large one took.
    void next();
    /// Some of a command has arrived.
    bool begun() const { return !buffer_.empty() || state_ != State::line; }

private:
    enum class State { line, literal, skip };

    Step end_of_line();
    Step begin_literal(std::uint64_t size, bool synchronising, bool binary);
    void refuse(Step why);

    ReceiverLimits limits_;
    std::string buffer_;
    std::string tail_;  ///< the last octets of a line that is being thrown away: it may announce a literal
    State state_ = State::line;
    Step refused_ = Step::more;   ///< why the command will not be had
    std::uint64_t wanted_ = 0;    ///< octets of the current literal that are to come
    std::size_t line_begin_ = 0;  ///< in buffer_: where the current line goes on after a literal
    std::size_t line_octets_ = 0;
    std::size_t literal_octets_ = 0;
    std::size_t literals_ = 0;
    bool binary_ = false;
};

}  // namespace postrider::imap
