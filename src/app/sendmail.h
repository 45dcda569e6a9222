#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

/// The `sendmail` command: what it was called with, and what it hands in. Pure.
namespace postrider::app {

struct SendmailCall {
    enum class Mode {
        send,
        queue,    ///< -bp, mailq
        retry,    ///< -q
        aliases,  ///< -bi, newaliases: nothing to build here
        smtp,     ///< -bs: SMTP on standard input and output
    };
    Mode mode = Mode::send;
    bool dot_ends = true;          ///< unless -i, -oi: a line with nothing but a dot ends the message
    bool read_recipients = false;  ///< -t: also those in To, Cc and Bcc
    bool sender_given = false;     ///< -f, -r; else the user who called
    std::string sender;            ///< "" with sender_given: the null path
    std::string full_name;         ///< -F
    unsigned notify = 0;           ///< -N, bits of queue::Notify
    bool return_full = false;      ///< -R full
    std::string envid;             ///< -V
    std::vector<std::string> recipients;
};

/// @param program    the name it was called by: sendmail, mailq, newaliases
/// @param arguments  without it. The error is a sentence.
std::expected<SendmailCall, std::string> parse_sendmail(std::string_view program,
                                                        const std::vector<std::string>& arguments);

struct Composed {
    std::string message;                  ///< with CRLF, without Bcc and Return-Path
    std::vector<std::string> recipients;  ///< addresses; names without @ are the server's to complete
};

/// @param input  what came on standard input, with LF or CRLF
Composed compose(std::string_view input, const SendmailCall& call);

}  // namespace postrider::app
