#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "imap/session/client.h"
#include "imap/session/commands.h"
#include "imap/session/deflate_stream.h"
#include "imap/wire/receiver.h"
#include "net/pools.h"
#include "net/stream.h"

namespace postrider::imap {

/// The dialogue with one client: takes commands off the stream, has them run, sends what they say. Everything
/// here runs on the connection's own thread; commands run on workers while it waits for them.
class Connection {
public:
    Connection(net::Stream& stream, const Services& services, Door door, SessionId id);

    /// From greeting to logout. Throws net::SessionEnd when the peer is lost.
    net::Task<> run();
    /// Sends what waits and closes. Never throws.
    net::Task<> close();

    const std::string& why_ended() const { return why_ended_; }

private:
    using Row = CommandRow;

    // session.cpp
    void greet();
    net::Task<> wait_for_input();
    net::Task<> handle(Receiver::Step step);
    net::Task<> handle_command();
    bool answer_at_once(std::string_view text);
    std::optional<Reply> refusal(const Row* row, std::string_view verb) const;
    Reply broken(std::string_view verb, std::string_view why);
    net::Task<Reply> dispatch(const Row& row, const Command& command);
    net::Task<Reply> run_on_worker(const Row& row, const Command& command);
    net::Task<Reply> run_connection_command(const Row& row, const Command& command);
    void put_answer(std::string& out, std::string_view tag, const Reply& reply) const;
    void answer(std::string_view tag, const Reply& reply);
    void count_error();
    void bye(std::string_view text);
    void flush_out();  ///< Client::out to the stream
    void update_capabilities();

    // connection_auth.cpp
    net::Task<Reply> start_tls(const Command& command);
    net::Task<Reply> login(const Command& command);
    net::Task<Reply> authenticate(const Command& command);
    Reply enter(struct LoginResult result);

    // connection_series.cpp
    struct Series;
    bool begins_series(std::string_view text) const;
    bool joins_series(std::string_view text) const;
    void begin_telling_of(const Series& series);
    net::Task<> run_series();
    void take_into(Series& series);
    void gather(Series& series);
    void work_on(Series& series);
    std::optional<Reply> fetch_some(Series& series);

    // connection_idle.cpp
    net::Task<Reply> idle(const Command& command);
    void watch_account();
    net::Task<> push_news();

    // connection_progress.cpp
    class Teller;
    static bool may_take_long(std::string_view verb);
    void begin_telling(std::function<std::string_view()> tag);
    net::Task<> end_telling();

    // connection_compress.cpp
    net::Task<Reply> compress(const Command& command);
    net::Task<> leave_compression();

    Reply logout(const Command& command);
    net::Task<Reply> unauthenticate(const Command& command);

    // dialogue_log.cpp
    void log_received(std::string_view command);
    void log_sent(std::string_view replies);

    net::Stream* stream_;  ///< where the dialogue runs: the connection's, or compressed_ over it
    std::unique_ptr<DeflateStream> compressed_;  ///< RFC 4978
    net::Stream* const plain_;                   ///< below it: the connection's
    Door door_;
    Client client_;
    std::shared_ptr<Teller> teller_;  ///< of progress; from the first command on that may take long
    Receiver receiver_;
    std::optional<Receiver::Step> pending_;  ///< what the receiver has come to, behind a series
    unsigned errors_ = 0;
    unsigned auth_errors_ = 0;
    bool done_ = false;
    std::string why_ended_;
};

}  // namespace postrider::imap
