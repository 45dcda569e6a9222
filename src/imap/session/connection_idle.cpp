#include "imap/session/connection.h"
#include "imap/session/notify.h"
#include "rights/sharing.h"
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
    if (client_.notify) {
        watch_account();  // RFC 5465 §4: what NOTIFY says and nothing else
    } else if (client_.selected) {
        net::Stream::WakeHandle handle = stream_->wake_handle();
        std::optional<FolderId> folder;  // what a search finds lies anywhere
        if (!client_.selected->search) folder = client_.selected->folder;
        watch = client_.selected->account->watch(folder, [handle] { handle.wake(); });
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
            if (client_.notify) watch_account();  // somebody may share something only now
        }
        co_await stream_->flush();
        if (client_.out.capacity() > 1024) std::string{}.swap(client_.out);
        if (may_have_news(client_) && !announce_later) continue;
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

/// What is not watched yet: for all the time that NOTIFY is on.
void Connection::watch_account() {
    Notify& notify = *client_.notify;
    if (!notify.listens()) return;
    net::Stream::WakeHandle handle = stream_->wake_handle();
    if (client_.selected && notify.selected && !client_.is_own(*client_.selected->account))
        notify.watch_of_selected =
            client_.selected->account->watch(client_.selected->folder, [handle] { handle.wake(); });
    auto begin = [&](Notify::Source& source) {
        if (source.watch || !source.account) return;
        source.watch = source.account->watch(std::nullopt, [handle] { handle.wake(); });
    };
    begin(notify.own_account);
    for (Notify::Source& source : notify.others) begin(source);
    if (notify.names_others && !notify.wake_for_entries && client_.services.sharing != nullptr)
        notify.wake_for_entries = client_.services.sharing->watch(*client_.who, [handle] { handle.wake(); });
}

/// RFC 5465 §3.1: between two commands. A client that does not read is told nothing more until it does; what
/// happens meanwhile stays in the change log.
net::Task<> Connection::push_news() {
    watch_account();
    while (has_news_to_push(client_) && stream_->buffered().empty()) {
        const Updates updates = client_.notify->delayed ? Updates::no_expunge : Updates::all;
        auto job = [this, updates] { announce(client_, updates); };
        bool overloaded = false;
        try {
            co_await client_.services.workers.run(std::move(job));
        } catch (const net::WorkerPool::Overloaded&) {
            overloaded = true;
        }
        if (overloaded) end_notify(client_, "The server is too busy now");
        flush_out();
        watch_account();
        co_await stream_->flush();
    }
}

}  // namespace postrider::imap
