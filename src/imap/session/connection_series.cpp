#include <deque>

#include "imap/session/connection.h"
#include "imap/session/fetch_run.h"

namespace postrider::imap {
namespace {

constexpr std::size_t piece = 256 * 1024;  ///< octets of answers that are made before they are sent
constexpr std::size_t most = 32;           ///< commands that go to a worker together

}  // namespace

/// Commands that were sent without waiting for each other's answers. The way to a worker and back costs more
/// than most of them.
struct Connection::Series {
    struct Entry {
        std::string text;
        Command command;  ///< views into it
        const Row* row;
    };
    std::deque<Entry> entries;
    std::size_t at = 0;             ///< the one that is run
    std::optional<FetchRun> fetch;  ///< begun
    unsigned bad = 0;               ///< answered so and not counted yet
};

bool Connection::begins_series(std::string_view text) const {
    auto command = parse_command(text);
    const Row* row = command ? find_command(command->verb) : nullptr;
    return row != nullptr && row->runs == Runs::in_series && !refusal(row, command->verb);
}

net::Task<> Connection::run_series() {
    Series series;
    take_into(series);
    gather(series);
    while (series.at < series.entries.size() && !done_) {
        bool overloaded = false;
        auto job = [&] { work_on(series); };
        try {
            co_await client_.services.workers.run(std::move(job));
        } catch (const net::WorkerPool::Overloaded&) {
            overloaded = true;
        }
        if (overloaded) {
            for (; series.at < series.entries.size(); ++series.at)
                put_answer(client_.out, series.entries[series.at].command.tag,
                           no("[UNAVAILABLE] The server is too busy now"));
        }
        log_sent(client_.out);
        if (series.at < series.entries.size())
            co_await stream_->write(client_.out);
        else
            stream_->send(client_.out);
        client_.out.clear();
        for (; series.bad > 0; --series.bad) count_error();
    }
}

void Connection::take_into(Series& series) {
    Series::Entry& entry = series.entries.emplace_back();
    entry.text = receiver_.take();
    receiver_.next();
    log_received(entry.text);
    entry.command = *parse_command(entry.text);
    entry.row = find_command(entry.command.verb);
}

/// What else is there already. What does not belong to the series waits behind it.
void Connection::gather(Series& series) {
    while (series.entries.size() < most) {
        const std::string_view octets = stream_->buffered();
        if (octets.empty()) return;
        const Receiver::Fed fed = receiver_.feed(octets);
        stream_->consume(fed.used);
        if (fed.step != Receiver::Step::command || !begins_series(receiver_.command())) {
            if (fed.step != Receiver::Step::more) pending_ = fed.step;
            return;
        }
        take_into(series);
    }
}

/// On a worker, until all are done or there is enough to send.
void Connection::work_on(Series& series) {
    while (series.at < series.entries.size() && client_.out.size() < piece) {
        const Series::Entry& entry = series.entries[series.at];
        std::optional<Reply> reply;
        try {
            if (entry.row->handler == nullptr) {
                reply = fetch_some(series);
                if (!reply) return;
            } else {
                reply = entry.row->handler(client_, entry.command);
                announce(client_, entry.row->updates);
            }
        } catch (const std::exception& error) {
            reply = broken(entry.command.verb, error.what());
        }
        put_answer(client_.out, entry.command.tag, *reply);
        if (reply->status == Reply::Status::bad) ++series.bad;
        series.fetch.reset();
        ++series.at;
    }
}

/// A large answer is sent in pieces: nothing, when there is more to come.
std::optional<Reply> Connection::fetch_some(Series& series) {
    const Series::Entry& entry = series.entries[series.at];
    if (!series.fetch) {
        auto args = parse_fetch(entry.command.args);
        if (!args) return bad(args.error());
        series.fetch.emplace(client_, std::move(*args), entry.command.uid);
        series.fetch->limit();
        if (auto failed = series.fetch->begin()) return failed;
    }
    if (series.fetch->more(piece)) return std::nullopt;
    Reply reply = series.fetch->end();
    announce(client_, entry.row->updates);
    return reply;
}

}  // namespace postrider::imap
