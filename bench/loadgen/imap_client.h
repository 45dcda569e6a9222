#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "connection.h"

namespace postrider::bench {

struct ImapOptions {
    std::uint16_t port = 0;
    bool tls = false;
    std::string password;
    std::string domain = "example.org";
    std::uint32_t first_user = 0;
    std::uint32_t users = 1000;

    static ImapOptions from(const Options& options);
    std::string address(std::uint32_t user) const;
    /// The password as a quoted string (RFC 9051 §4.3).
    std::string quoted_password() const;
};

/// An IMAP connection with one command in flight at a time, up to its login. Lines inside literals are
/// skipped, so that a message's text is never taken for an answer.
class ImapClient : public Connection {
public:
    ImapClient(Loop& loop, const ImapOptions& options, std::uint32_t user)
        : Connection{loop}, options_{options}, user_{user} {}

    void start();
    std::uint32_t user() const { return user_; }
    /// Takes effect at the next start().
    void set_user(std::uint32_t user) { user_ = user; }

protected:
    std::size_t on_data(std::string_view input) override;

    void command(std::string_view words);
    /// The tagged reply to LOGIN came; each later one goes to on_tagged().
    virtual void on_login() = 0;
    virtual void on_untagged(std::string_view line) = 0;
    virtual void on_continuation(std::string_view line) = 0;
    virtual void on_tagged(bool ok, std::string_view line) = 0;

    const ImapOptions& options_;

private:
    enum class State { greeting, login, ready };

    std::uint32_t user_;
    State state_ = State::greeting;
    std::uint64_t tags_ = 0;
    std::size_t literal_left_ = 0;
};

}  // namespace postrider::bench
