#include "imap/session/connection.h"
#include "text/ascii.h"

namespace postrider::imap {
namespace {

constexpr std::size_t longest_done = 1024;

}  // namespace

/// RFC 9051 §6.3.13, RFC 2177. While it waits nothing is kept but the session itself: news are what the
/// account's change log says when it wakes us.
net::Task<Reply> Connection::idle(const Command& command) {
    if (!command.args.empty()) co_return bad("IDLE takes no arguments");
    mailstore::Account::Watch watch;
    if (client_.selected) {
        net::Stream::WakeHandle handle = stream_->wake_handle();
        watch = client_.account->watch(client_.selected->folder, [handle] { handle.wake(); });
    }
    stream_->send("+ idling\r\n");
    bool announce_later = false;
    while (stream_->buffered().empty()) {
        // The watch came first: what happens from here on wakes the wait below.
        if (may_have_news(client_) && !announce_later) {
            auto job = [this] { announce(client_, Updates::all); };
            try {
                co_await client_.services.workers.run(std::move(job));
            } catch (const net::WorkerPool::Overloaded&) {
                announce_later = true;  // at the next change, or with DONE
            }
            flush_out();
        }
        co_await stream_->flush();
        if (client_.out.capacity() > 1024) std::string{}.swap(client_.out);
        co_await stream_->fill(4096);
        announce_later = false;
    }
    watch.reset();
    net::Line line = co_await stream_->read_line(longest_done);
    if (line.kind == net::Line::Kind::too_long || !text::equal_ci(line.text, "DONE"))
        co_return bad("Expected DONE");
    if (may_have_news(client_)) {
        auto job = [this] { announce(client_, Updates::all); };
        co_await client_.services.workers.run(std::move(job));
    }
    co_return ok("IDLE completed");
}

}  // namespace postrider::imap
