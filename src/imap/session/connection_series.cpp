#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>

#include "imap/session/connection.h"
#include "imap/session/fetch_run.h"

namespace postrider::imap {
namespace {

constexpr std::size_t piece = 256 * 1024;  ///< octets of answers that are made before they are sent
constexpr std::size_t most = 32;           ///< commands that go to a worker together
/// What has been answered waits no longer than this for the next of them.
constexpr std::chrono::milliseconds patience{2};

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
    std::atomic<std::size_t> at = 0;  ///< the one that is run; progress is told of it meanwhile
    std::optional<FetchRun> fetch;    ///< begun
    /// Of the FETCH before this one: to make it is a good part of the work on one message.
    std::unique_ptr<mailstore::FolderView> view;
    ModSeq view_at;    ///< all changes up to it are in `view`
    unsigned bad = 0;  ///< answered so and not counted yet
};

bool Connection::begins_series(std::string_view text) const {
    auto command = parse_command(text);
    const Row* row = command ? find_command(command->verb) : nullptr;
    return row != nullptr && row->runs == Runs::in_series && client_.account;
}

/// Once there is one, what never blocks need not wait for its end.
bool Connection::joins_series(std::string_view text) const {
    auto command = parse_command(text);
    const Row* row = command ? find_command(command->verb) : nullptr;
    return row != nullptr && (row->runs == Runs::in_series || row->runs == Runs::here);
}

net::Task<> Connection::run_series() {
    Series series;
    take_into(series);
    gather(series);
    while (series.at < series.entries.size() && !done_) {
        bool overloaded = false;
        std::exception_ptr failure;
        auto job = [&] { work_on(series); };
        begin_telling_of(series);
        try {
            co_await client_.services.workers.run(std::move(job));
        } catch (const net::WorkerPool::Overloaded&) {
            overloaded = true;
        } catch (...) {
            failure = std::current_exception();
        }
        co_await end_telling();
        if (failure) std::rethrow_exception(failure);
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
        if (fed.step != Receiver::Step::command || !joins_series(receiver_.command())) {
            if (fed.step != Receiver::Step::more) pending_ = fed.step;
            return;
        }
        take_into(series);
    }
}

void Connection::begin_telling_of(const Series& series) {
    const auto rest = series.entries.begin() + static_cast<std::ptrdiff_t>(series.at);
    if (std::none_of(rest, series.entries.end(),
                     [](const Series::Entry& entry) { return may_take_long(entry.row->verb); }))
        return;
    begin_telling([&series] {
        const std::size_t at = std::min(series.at.load(), series.entries.size() - 1);
        return std::string_view{series.entries[at].command.tag};
    });
}

/// On a worker, until all are done or there is enough to send.
void Connection::work_on(Series& series) {
    const auto begun = std::chrono::steady_clock::now();
    while (series.at < series.entries.size() && client_.out.size() < piece) {
        if (!client_.out.empty() && std::chrono::steady_clock::now() - begun > patience) return;
        const Series::Entry& entry = series.entries[series.at];
        // What those before it have done is known only now.
        std::optional<Reply> reply = refusal(entry.row, entry.command.verb);
        client_.progress.done = client_.progress.goal = 0;
        try {
            if (!reply && entry.row->handler == nullptr) {
                reply = fetch_some(series);
                if (!reply) return;
            } else if (!reply) {
                series.view.reset();
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
        // Somebody else's folder is looked at anew each time: what one may see there can change.
        mailstore::Account& account = *client_.selected->account;
        const ModSeq now = account.highest_modseq();
        if (series.view && series.view_at == now && client_.is_own(account))
            series.fetch->use(std::move(series.view));
        series.view.reset();
        series.view_at = now;
        if (auto failed = series.fetch->begin()) return failed;
    }
    if (series.fetch->more(piece)) return std::nullopt;
    series.view = series.fetch->give_back();
    Reply reply = series.fetch->end();
    announce(client_, entry.row->updates);
    return reply;
}

}  // namespace postrider::imap
