#pragma once

#include <stdexcept>

#include "filter/milter/changes.h"
#include "filter/milter/wire/request.h"
#include "net/stream.h"
#include "observe/log.h"

namespace postrider::filter::milter {

/// A filter that says what it must not. What it takes too long for, or hangs up on, is a net::SessionEnd.
class Nonsense : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// What a filter thinks of the step it was shown.
struct Opinion {
    enum class Kind : std::uint8_t {
        go_on,
        accept,   ///< it wants to see no more of this message (of this session, before MAIL)
        discard,  ///< to be answered as if taken, and dropped
        reject,
        tempfail,
        skip,   ///< no more pieces of the body
        close,  ///< 421: the session should end
    };
    Kind kind = Kind::go_on;
    std::optional<ReplyCode> reply;  ///< its own words for reject and tempfail
    bool refuses() const { return kind == Kind::reject || kind == Kind::tempfail || kind == Kind::close; }
};

struct Times {
    std::chrono::seconds connect{10}, command{30}, content{300};
};

/// One connection to a filter. Every step throws Nonsense or net::SessionEnd when the filter is of no more
/// use. Steps that the filter does not want cost nothing.
class Session {
public:
    Session(std::unique_ptr<net::Stream> stream, Times times) : stream_{std::move(stream)}, times_{times} {}

    /// The negotiation: first of all, once.
    net::Task<> negotiate(std::uint32_t version);
    const Options& options() const { return agreed_; }

    net::Task<Opinion> connect(const Client& client, const Macros& macros);
    net::Task<Opinion> helo(const std::string& name, const Macros& macros);
    net::Task<Opinion> mail(const std::string& path, const std::vector<std::string>& parameters,
                            const Macros& macros);
    net::Task<Opinion> rcpt(const std::string& path, const std::vector<std::string>& parameters,
                            const Macros& macros);
    net::Task<Opinion> data(const Macros& macros);
    net::Task<Opinion> unknown(const std::string& line);
    net::Task<Opinion> header(std::string_view name, std::string_view value, const Macros& macros);
    net::Task<Opinion> eoh(const Macros& macros);
    net::Task<Opinion> body(std::string_view piece);
    net::Task<Opinion> end(const Macros& macros, Changes& changes);
    /// The message is over, whatever was said about it.
    net::Task<> abort();

    std::size_t piece_size() const;
    /// Another SMTP session may follow on this connection (QUIT_NC).
    bool reusable() const { return agreed_.version >= 6; }
    net::Task<> next_session();
    net::Task<> quit();
    /// It has said something since the last session ended: then it serves this one.
    bool heard() const { return heard_; }
    /// Nothing has come unasked.
    bool quiet() const { return stream_->buffered().empty(); }

private:
    net::Task<Opinion> step(std::string packets, bool silent, std::chrono::seconds limit);
    net::Task<Opinion> answers(std::chrono::seconds limit, Changes* changes);
    net::Task<> read_packet();
    bool wants(std::uint32_t not_step) const { return (agreed_.steps & not_step) == 0; }

    std::unique_ptr<net::Stream> stream_;
    Times times_;
    Options agreed_;
    bool reused_ = false, heard_ = false;
    std::size_t read_ = 0;  ///< of the packet in the buffer
    Packet packet_;
};

}  // namespace postrider::filter::milter
