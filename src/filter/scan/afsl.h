#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The language in which protocol files describe a dialogue with a scanner. One statement a line; what stands
/// behind # is a comment.
///
///     .TITLE "ClamAV"                     what logs call the scanner
///     .STATE connect                      where a new connection begins (or with the first state)
///     .STATE message                      where a connection begins that has served a message before
///     .SEND "text"                        with \r \n \t \0 \\ \" \xHH and the variables below
///     .SENDMAIL raw|dotstuff|chunked      the message; with CRLF.CRLF behind it; in length-prefixed chunks
///     .SHUTDOWN                           no more will be sent
///     .RECV line|nul|all                  an answer: up to LF, up to NUL, up to the end of the connection
///     .RECV bytes "$1"                    so many octets
///     .RECV until /regex/                 until the regex is in it
///     .IF /regex/ .ELSEIF /regex/ .ELSE .ENDIF    by the last answer; sets $1 to $9. /regex/i: in any case
///     .HEADER "name" "value"              a field for the message; the level fields set the level
///     .SCORE "$1" "$2"                    spam level from a score and its threshold
///     .REPLACE                            the last answer is the message as it should go on
///     .GOTO state
///     .CLOSE                              the connection serves no other message
///     .PASS "text"  .MATCH "text"  .ERROR "text"  the end, with what is to be logged
///
/// In texts: %SIZE% octets of the message, %ID% its number, %FROM% and %RCPT% its envelope (the recipients
/// with blanks between them), %CLIENT%, %HELO%, %USER%, %FILE% the path of a file with the message, made when
/// it is first named and gone with the verdict (for scanners that read files: their user has to be in our
/// group), %REPLY% the last answer, %% a percent sign, $1 to $9 what the parentheses of the last regex that
/// was found hold, $$ a dollar sign.
namespace postrider::filter::afsl {

/// A text with variables, taken apart.
struct Piece {
    enum class Kind : std::uint8_t {
        text,
        size,
        id,
        from,
        rcpt,
        client,
        helo,
        user,
        reply,
        capture,
        file
    } kind;
    std::string text;      ///< of `text`
    unsigned capture = 0;  ///< of `capture`, 1 to 9
};
using Text = std::vector<Piece>;

enum class Op : std::uint8_t {
    send,
    send_mail,
    shutdown,
    receive,
    unless,  ///< goes to `target` if the regex is not found
    jump,
    header,
    score,
    replace,
    close,
    pass,
    match,
    error,
    end_of_state,  ///< reached without a verdict
};
enum class MailForm : std::uint8_t { raw, dotstuff, chunked };
enum class ReplyForm : std::uint8_t { line, nul, all, bytes, until };

class Regex;  ///< RE2: linear time

struct Statement {
    Op op;
    unsigned line = 0;
    Text text;   ///< of send, header's value, score, pass, match, error, receive bytes
    Text other;  ///< header's name, score's threshold
    MailForm mail = MailForm::raw;
    ReplyForm reply = ReplyForm::line;
    std::shared_ptr<const Regex> regex;
    std::size_t target = 0;
};

struct Program {
    std::string title;
    std::vector<Statement> code;
    std::size_t connect = 0;             ///< where a new connection begins
    std::optional<std::size_t> message;  ///< where one begins that was used before; nothing: none is
};

struct SyntaxError {
    unsigned line = 0;
    std::string what;
};

/// Limits: 64 KB, 2000 statements, 100 states, 16 levels of .IF, 200 regexes of 1000 octets.
std::expected<Program, SyntaxError> parse(std::string_view source);

}  // namespace postrider::filter::afsl
