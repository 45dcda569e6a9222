#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>

#include "imap/session/connection.h"
#include "imap/wire/encode.h"
#include "net/pause.h"

namespace postrider::imap {

/// Commands whose work grows with a mailbox, and that say nothing before it is done.
bool Connection::may_take_long(std::string_view verb) {
    constexpr std::string_view verbs[] = {
        "CLOSE", "COPY",   "DELETE",   "ESEARCH",     "EXPUNGE",  "MOVE",       "RENAME",   "SEARCH",
        "SORT",  "THREAD", "UID COPY", "UID EXPUNGE", "UID MOVE", "UID SEARCH", "UID SORT", "UID THREAD"};
    return std::find(std::begin(verbs), std::end(verbs), verb) != std::end(verbs);
}

/// Says every ten seconds how far a command is (RFC 9585 §4), while its connection waits for a worker and
/// uses the stream for nothing else.
class Connection::Teller : public std::enable_shared_from_this<Teller> {
public:
    Teller(net::Executor executor, std::chrono::milliseconds every) : timer_{executor}, every_{every} {}

    /// @param tag  of the command that runs; called while it does
    void begin(net::Stream& stream, Client::Progress& progress, std::function<std::string_view()> tag) {
        stream_ = &stream;
        progress_ = &progress;
        tag_ = std::move(tag);
        running_ = true;
        wait();
    }
    void end() {
        if (!running_) return;
        running_ = false;
        timer_.cancel();
    }
    bool sending() const { return sending_; }

private:
    using Timer =
        net::asio::basic_waitable_timer<std::chrono::steady_clock,
                                        net::asio::wait_traits<std::chrono::steady_clock>, net::Executor>;

    void wait() {
        timer_.expires_after(every_);
        timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
            if (error || !self->running_) return;
            self->sending_ = true;
            net::asio::co_spawn(self->timer_.get_executor(), tell(self), net::asio::detached);
        });
    }

    static net::Task<> tell(std::shared_ptr<Teller> self) {
        std::string line = self->line();
        try {
            self->stream_->send(line);
            co_await self->stream_->flush();
        } catch (const net::SessionEnd&) {
            self->running_ = false;  // the session itself will find out
        }
        self->sending_ = false;
        if (self->running_) self->wait();
    }

    std::string line() const {
        const std::uint64_t done = progress_->done, goal = progress_->goal;
        std::string line = "* OK [INPROGRESS (";
        const std::string_view tag = tag_();
        if (tag.find(']') == std::string_view::npos)
            put_string(line, tag);
        else
            line += "NIL";  // RFC 9585 §4: it would seem to end the response code
        if (done < goal) {
            line += ' ';
            put_number(line, done);
            line += ' ';
            put_number(line, goal);
        } else {
            line += " NIL NIL";
        }
        line += ")] Still at work\r\n";
        return line;
    }

    Timer timer_;
    const std::chrono::milliseconds every_;
    net::Stream* stream_ = nullptr;
    Client::Progress* progress_ = nullptr;
    std::function<std::string_view()> tag_;
    bool running_ = false;
    bool sending_ = false;
};

void Connection::begin_telling(std::function<std::string_view()> tag) {
    if (!teller_) teller_ = std::make_shared<Teller>(stream_->executor(), client_.settings->progress_every);
    teller_->begin(*stream_, client_.progress, std::move(tag));
}

/// What is on its way is sent before the stream is used again.
net::Task<> Connection::end_telling() {
    if (!teller_) co_return;
    teller_->end();
    while (teller_->sending()) co_await net::pause(std::chrono::milliseconds{1});
}

}  // namespace postrider::imap
