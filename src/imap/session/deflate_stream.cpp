#include "imap/session/deflate_stream.h"

#include <zlib.h>

#include <algorithm>
#include <new>

namespace postrider::imap {
namespace {

// 2^(12+2) + 2^(5+9) octets for our window and tables; level 6 and a window of 32 KB would take 256 KB a
// session and make listings some percent smaller.
constexpr int level = 5, own_window = -12, memory_level = 5, any_window = -15;
constexpr std::size_t piece = 16 * 1024;

/// A stored block (RFC 1951 §3.2.4): words that can be said without the compressor. Nothing is said after
/// them.
std::string stored(std::string_view words) {
    if (words.empty()) return {};
    auto size = static_cast<std::uint16_t>(std::min<std::size_t>(words.size(), 0xffff));
    std::string block{"\x01"};
    for (unsigned value : {unsigned{size}, unsigned{size} ^ 0xffffu}) {
        block += static_cast<char>(value & 0xff);
        block += static_cast<char>(value >> 8);
    }
    block += words.substr(0, size);
    return block;
}

}  // namespace

struct DeflateStream::Codecs {
    z_stream in{}, out{};
    Codecs() {
        if (inflateInit2(&in, any_window) != Z_OK) throw std::bad_alloc{};
        if (deflateInit2(&out, level, Z_DEFLATED, own_window, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
            inflateEnd(&in);
            throw std::bad_alloc{};
        }
    }
    ~Codecs() {
        inflateEnd(&in);
        deflateEnd(&out);
    }
    Codecs(const Codecs&) = delete;
    Codecs& operator=(const Codecs&) = delete;

    /// Appends what `octets` become to `packed`.
    void deflate_into(std::string& packed, std::string_view octets, int flush) {
        out.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(octets.data()));
        out.avail_in = static_cast<uInt>(octets.size());
        do {
            std::size_t before = packed.size();
            packed.resize(before + piece);
            out.next_out = reinterpret_cast<Bytef*>(packed.data() + before);
            out.avail_out = piece;
            (void)deflate(&out, flush);  // Z_BUF_ERROR: nothing was left to do
            packed.resize(before + piece - out.avail_out);
        } while (out.avail_out == 0);
    }
};

DeflateStream::DeflateStream(net::Stream& below) : below_{below}, codecs_{std::make_unique<Codecs>()} {}
DeflateStream::~DeflateStream() = default;

std::string_view DeflateStream::buffered() const {
    return std::string_view{plain_}.substr(begin_);
}

void DeflateStream::consume(std::size_t count) {
    begin_ += count;
    if (begin_ < plain_.size()) return;
    begin_ = 0;
    if (plain_.capacity() > 1024)
        std::string{}.swap(plain_);
    else
        plain_.clear();
}

bool DeflateStream::inflate_some(std::size_t limit) {
    if (ended_) throw net::SessionEnd{net::SessionEnd::Reason::error, "the client's compression ended"};
    if (begin_ > 0) {
        plain_.erase(0, begin_);
        begin_ = 0;
    }
    z_stream& in = codecs_->in;
    const std::size_t before = plain_.size();
    if (before >= limit) return true;
    const std::size_t room = std::min(limit - before, piece);
    plain_.resize(before + room);
    std::string_view packed = below_.buffered();
    in.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    in.avail_in = static_cast<uInt>(std::min<std::size_t>(packed.size(), 1u << 30));
    const uInt given = in.avail_in;
    in.next_out = reinterpret_cast<Bytef*>(plain_.data() + before);
    in.avail_out = static_cast<uInt>(room);
    int state = inflate(&in, Z_SYNC_FLUSH);
    plain_.resize(before + room - in.avail_out);
    below_.consume(given - in.avail_in);
    if (plain_.empty()) std::string{}.swap(plain_);  // who waits holds no buffer
    ended_ = state == Z_STREAM_END;                  // what lies behind it stays below
    if (state != Z_OK && state != Z_BUF_ERROR && !ended_)
        throw net::SessionEnd{net::SessionEnd::Reason::error, "the client's compression is damaged"};
    return plain_.size() > before;
}

net::Task<net::Stream::Filled> DeflateStream::fill(std::size_t limit) {
    // What the inflater still holds comes first: it may be more than one piece of input showed.
    while (!inflate_some(limit)) {
        Filled filled = co_await below_.fill(64 * 1024);
        if (filled == Filled::woken) co_return filled;
    }
    co_return Filled::data;
}

net::Task<net::Line> DeflateStream::read_line(std::size_t limit) {
    bool too_long = false;
    for (;;) {
        std::string_view octets = buffered();
        std::size_t end = octets.find('\n');
        if (end != std::string_view::npos) {
            bool crlf = end > 0 && octets[end - 1] == '\r';
            line_.assign(octets.substr(0, crlf ? end - 1 : end));
            consume(end + 1);
            net::Line line;
            line.kind = too_long || line_.size() > limit ? net::Line::Kind::too_long
                        : crlf                           ? net::Line::Kind::text
                                                         : net::Line::Kind::bare_lf;
            line.text = line_;
            co_return line;
        }
        if (octets.size() > limit + 1) {
            too_long = true;
            consume(octets.size() - 1);
        }
        co_await fill(limit + piece);
    }
}

net::Task<> DeflateStream::read_exactly(std::string& into, std::size_t count) {
    while (count > 0) {
        std::string_view octets = buffered().substr(0, count);
        into += octets;
        count -= octets.size();
        consume(octets.size());
        if (count > 0) co_await fill(piece);
    }
}

net::Task<> DeflateStream::skip(std::uint64_t count) {
    while (count > 0) {
        auto some = static_cast<std::size_t>(std::min<std::uint64_t>(buffered().size(), count));
        consume(some);
        count -= some;
        if (count > 0) co_await fill(piece);
    }
}

void DeflateStream::send(std::string_view octets) {
    packed_.clear();
    codecs_->deflate_into(packed_, octets, Z_NO_FLUSH);
    unsynced_ += octets.size();
    if (!packed_.empty()) below_.send(packed_);
    if (packed_.capacity() > 4 * piece) std::string{}.swap(packed_);
}

std::size_t DeflateStream::unsent() const {
    return below_.unsent() + unsynced_;
}

void DeflateStream::sync() {
    if (unsynced_ == 0) return;
    packed_.clear();
    codecs_->deflate_into(packed_, {}, Z_SYNC_FLUSH);
    unsynced_ = 0;
    below_.send(packed_);
    std::string{}.swap(packed_);
}

net::Task<> DeflateStream::flush() {
    sync();
    co_await below_.flush();
}

net::Task<> DeflateStream::flush_if_large(std::size_t threshold) {
    if (unsent() < threshold) co_return;
    co_await flush();
}

net::Task<> DeflateStream::write(std::string_view octets) {
    while (!octets.empty()) {
        std::string_view some = octets.substr(0, 4 * piece);
        octets.remove_prefix(some.size());
        send(some);
        co_await below_.flush_if_large(64 * 1024);
    }
    co_await flush();
}

void DeflateStream::farewell(std::shared_ptr<const net::Farewell> words) {
    auto packed = std::make_shared<net::Farewell>();
    if (words) {
        packed->timeout = stored(words->timeout);
        packed->shutdown = stored(words->shutdown);
    }
    below_.farewell(std::move(packed));
}

net::Task<std::size_t> DeflateStream::start_tls(std::shared_ptr<const net::TlsContext> context) {
    std::size_t dropped = co_await below_.start_tls(std::move(context));
    co_return dropped;
}

net::Task<> DeflateStream::start_tls_client(std::shared_ptr<const net::TlsContext> context,
                                            net::TlsPeer peer) {
    co_await below_.start_tls_client(std::move(context), std::move(peer));
}

net::Task<> DeflateStream::end() {
    packed_.clear();
    codecs_->deflate_into(packed_, {}, Z_FINISH);
    unsynced_ = 0;
    below_.send(packed_);
    co_await below_.flush();
    // A client may have flushed its command without ending its stream. Then its last block comes by itself,
    // or not at all: blocks without content begin with a control character, and no command does.
    while (!ended_) {
        const std::string_view octets = below_.buffered();
        if (octets.empty()) {
            co_await below_.fill(piece);
            continue;
        }
        if (static_cast<unsigned char>(octets.front()) >= ' ') co_return;
        if (inflate_some(1))
            throw net::SessionEnd{net::SessionEnd::Reason::error, "words in a compression that ended"};
    }
}

net::Task<> DeflateStream::close() {
    sync();
    co_await below_.close();
}

}  // namespace postrider::imap
