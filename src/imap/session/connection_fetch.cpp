#include "imap/session/connection.h"
#include "imap/session/fetch_run.h"

namespace postrider::imap {
namespace {

constexpr std::size_t piece = 256 * 1024;  ///< octets of an answer that are made before they are sent

}  // namespace

/// What fits one piece takes one visit to a worker; more is sent while the worker is between pieces.
net::Task<Reply> Connection::fetch(const Row& row, const Command& command) {
    auto args = parse_fetch(command.args);
    if (!args) co_return bad(args.error());
    FetchRun run{client_, std::move(*args), command.uid};
    bool begun = false;
    for (;;) {
        std::optional<Reply> reply;
        auto job = [&] {
            if (!begun) reply = run.begin();
            begun = true;
            if (reply || run.more(piece)) return;
            reply = run.end();
            announce(client_, row.updates);
        };
        co_await client_.services.workers.run(std::move(job));
        if (reply) co_return *reply;
        log_sent(client_.out);
        co_await stream_->write(client_.out);
        client_.out.clear();
    }
}

}  // namespace postrider::imap
