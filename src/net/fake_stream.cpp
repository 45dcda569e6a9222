#include "net/fake_stream.h"

#include <atomic>

#include "net/wake_target.h"

namespace postrider::net {

struct FakeStream::Target final : WakeHandle::Target {
    std::atomic<bool> woken = false;
    void wake() override { woken = true; }
};

FakeStream::FakeStream() : context_{std::make_unique<asio::io_context>(1)} {}
FakeStream::~FakeStream() = default;

Executor FakeStream::executor() const {
    return context_->get_executor();
}

FakeStream& FakeStream::feed(std::string octets) {
    script_.push_back({Event::Kind::octets, std::move(octets), {}});
    return *this;
}

FakeStream& FakeStream::feed_each(std::string_view octets) {
    for (const char c : octets) feed(std::string(1, c));
    return *this;
}

FakeStream& FakeStream::end(SessionEnd::Reason reason) {
    script_.push_back({Event::Kind::end, {}, reason});
    return *this;
}

FakeStream& FakeStream::wake_next() {
    script_.push_back({Event::Kind::wake, {}, {}});
    return *this;
}

void FakeStream::wake() {
    if (!target_) target_ = std::make_shared<Target>();
    target_->wake();
}

Stream::WakeHandle FakeStream::wake_handle() {
    if (!target_) target_ = std::make_shared<Target>();
    return WakeHandle{target_};
}

void FakeStream::end_now(SessionEnd::Reason reason) {
    ended_ = reason;
    if (farewell_ && reason == SessionEnd::Reason::timeout) out_ += farewell_->timeout;
    if (farewell_ && reason == SessionEnd::Reason::shutdown) out_ += farewell_->shutdown;
    if (reason == SessionEnd::Reason::timeout || reason == SessionEnd::Reason::shutdown) deliver();
    farewell_.reset();
    throw SessionEnd{reason, "the script says so"};
}

Stream::Filled FakeStream::receive(std::size_t limit, bool wakeable) {
    if (closed_) throw SessionEnd{SessionEnd::Reason::closed, "the stream is closed"};
    if (ended_) throw SessionEnd{*ended_, "the session has ended"};
    if (buffered().size() >= limit) throw SessionEnd{SessionEnd::Reason::error, "the input buffer is full"};
    in_.erase(0, begin_);
    begin_ = 0;
    while (true) {
        if (script_.empty() && !(on_idle && on_idle(*this) && !script_.empty())) {
            if (wakeable && target_ && target_->woken) return Filled::woken;
            end_now(SessionEnd::Reason::closed);
        }
        Event& event = script_.front();
        if (event.kind == Event::Kind::wake) {
            script_.pop_front();
            wake();
            if (!wakeable) continue;
            return Filled::woken;
        }
        if (event.kind == Event::Kind::end) {
            const auto reason = event.reason;
            script_.pop_front();
            end_now(reason);
        }
        const std::size_t room = limit - in_.size();
        in_.append(event.octets, 0, room);
        if (event.octets.size() > room)
            event.octets.erase(0, room);
        else
            script_.pop_front();
        if (!in_.empty()) return Filled::data;
    }
}

void FakeStream::consume(std::size_t count) {
    begin_ += std::min(count, in_.size() - begin_);
    lines_ = {};
}

Task<Stream::Filled> FakeStream::fill(std::size_t limit) {
    if (target_ && target_->woken.exchange(false)) co_return Filled::woken;
    const Filled got = receive(limit, true);
    if (got == Filled::woken) target_->woken = false;
    co_return got;
}

Task<Line> FakeStream::read_line(std::size_t limit) {
    while (true) {
        std::size_t used = 0;
        const std::optional<Line> line = lines_.scan(buffered(), limit, used);
        begin_ += used;
        if (line) co_return *line;
        receive(std::max<std::size_t>(limit + 2, 16 * 1024), false);
    }
}

Task<> FakeStream::read_exactly(std::string& into, std::size_t count) {
    lines_ = {};
    while (true) {
        const std::string_view there = buffered().substr(0, count);
        into.append(there);
        begin_ += there.size();
        count -= there.size();
        if (count == 0) co_return;
        receive(64 * 1024, false);
    }
}

Task<> FakeStream::skip(std::uint64_t count) {
    std::string ignored;
    co_await read_exactly(ignored, count);
}

void FakeStream::deliver() {
    sent_ += out_;
    out_.clear();
    if (sent_.size() > output_limit)
        throw SessionEnd{SessionEnd::Reason::closed, "the peer closed the connection"};
}

Task<> FakeStream::flush() {
    deliver();
    co_return;
}

Task<> FakeStream::flush_if_large(std::size_t threshold) {
    if (out_.size() >= threshold) deliver();
    co_return;
}

Task<> FakeStream::write(std::string_view octets) {
    out_ += octets;
    deliver();
    co_return;
}

Task<std::size_t> FakeStream::start_tls(std::shared_ptr<const TlsContext>) {
    deliver();
    const std::size_t dropped = buffered().size();
    in_.clear();
    begin_ = 0;
    lines_ = {};
    if (handshake_fails) end_now(SessionEnd::Reason::tls);
    is_secure = true;
    co_return dropped;
}

Task<> FakeStream::start_tls_client(std::shared_ptr<const TlsContext>, TlsPeer peer) {
    if (handshake_fails) end_now(SessionEnd::Reason::tls);
    tls_info.server_name = std::move(peer.server_name);
    is_secure = true;
    co_return;
}

Task<> FakeStream::close() {
    if (!closed_) {
        sent_ += out_;
        out_.clear();
    }
    closed_ = true;
    co_return;
}

}  // namespace postrider::net
