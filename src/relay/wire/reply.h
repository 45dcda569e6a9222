#pragma once

#include <string>
#include <string_view>

/// What a server answers (RFC 5321 §4.2).
namespace postrider::relay {

inline constexpr std::size_t max_reply_line = 4096;   ///< octets; RFC 5321 §4.5.3.1.5 allows 512
inline constexpr std::size_t max_reply_lines = 200;   ///< of one reply
inline constexpr std::size_t max_reply_text = 65536;  ///< octets of all its lines

struct Reply {
    int code = 0;        ///< 200 to 599; 0: there is none
    std::string status;  ///< enhanced code of the last line (RFC 2034), where it fits the code; ""
    std::string text;    ///< what follows the code in each line, joined by LF

    bool positive() const { return code >= 200 && code < 400; }
    bool temporary() const { return code >= 400 && code < 500; }
    bool permanent() const { return code >= 500; }
    /// For reports and people: "550 5.1.1 No such user", all lines in one, controls as blanks, at most 800
    /// octets.
    std::string line() const;
    /// `status`, or the general one of the code's class with `subject` as its detail: "5.0.0".
    std::string status_or(std::string_view subject) const;
};

/// Reply-line = *( code "-" [text] CRLF ) code [ SP text ] CRLF. The last line's code counts where a server
/// mixes them.
class ReplyReader {
public:
    enum class State {
        more,
        done,
        malformed,  ///< no reply at all: the dialogue cannot go on
    };
    /// @param line  without its line end
    State take(std::string_view line);
    const Reply& reply() const { return reply_; }
    Reply take_reply() { return std::move(reply_); }
    void reset();

private:
    Reply reply_;
    std::size_t lines_ = 0;
};

/// status-code = ("2"/"4"/"5") "." 1*3DIGIT "." 1*3DIGIT at the front of `text`, "" when there is none.
std::string_view enhanced_code(std::string_view text);

}  // namespace postrider::relay
