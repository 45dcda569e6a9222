#pragma once

#include <string>
#include <string_view>

#include "connection.h"

namespace postrider::bench {

/// One transaction to run.
struct Mail {
    std::uint64_t number = 0;
    std::uint32_t first_user = 0;  ///< recipients are users first_user, first_user + 1, ...
    std::uint32_t recipients = 1;
    std::string_view header;  ///< valid until the content was handed to the socket
    std::string_view body;    ///< ends with the end-of-data line
    Clock::time_point begun;  ///< when MAIL was sent (or the connection opened for it)
};

enum class Next { mail, wait, quit };

struct SmtpOptions {
    std::uint16_t port = 0;
    bool lmtp = false;
    bool pipelining = true;  ///< MAIL, RCPT and DATA in one go where the server offers it (RFC 2920)
    std::string domain = "example.org";
    std::uint32_t first_user = 0;  ///< users are userK@domain with first_user <= K < first_user + users
    std::uint32_t users = 1000;

    static SmtpOptions from(const Options& options);
    std::string address(std::uint32_t user) const;
};

/// Decides what an SmtpClient sends and hears what became of it.
class SmtpDriver {
public:
    virtual ~SmtpDriver() = default;
    /// Asked when a transaction may begin. After `wait` the client idles until kick().
    /// `on_connection` is how many mails this connection has carried already.
    virtual Next next_mail(Mail& mail, std::uint64_t on_connection) = 0;
    /// The header of a mail is rendered only when it is sent, so that one buffer serves all connections.
    virtual void render(Mail& mail) = 0;
    virtual void accepted(const Mail& mail, std::uint32_t deliveries) = 0;
    /// Asked after a connection has ended; true opens it again.
    virtual bool reopen() = 0;
    virtual void failed(std::string_view what) = 0;
};

/// One SMTP or LMTP connection, as a sending server would use it.
class SmtpClient : public Connection {
public:
    SmtpClient(Loop& loop, const SmtpOptions& options, SmtpDriver& driver)
        : Connection{loop}, options_{options}, driver_{driver} {}

    void start();
    /// Goes on after Next::wait.
    void kick();
    bool waiting() const { return state_ == State::waiting; }
    bool finished() const { return state_ == State::closed; }

protected:
    std::size_t on_data(std::string_view input) override;
    void on_lost(std::string_view why) override;

private:
    enum class State { closed, banner, ehlo, waiting, mail, rcpt, data, content, quit };

    void reply(std::string_view line);
    void next();
    void send_rcpt(std::uint32_t index);
    void send_content();
    void unexpected(std::string_view line);

    const SmtpOptions& options_;
    SmtpDriver& driver_;
    State state_ = State::closed;
    bool server_pipelines_ = false;
    std::uint32_t replies_left_ = 0;
    std::uint32_t sent_rcpts_ = 0;
    std::uint32_t delivered_ = 0;
    Clock::time_point opened_;
    std::uint64_t on_connection_ = 0;
    Mail mail_;
    std::string command_;
};

}  // namespace postrider::bench
