#pragma once

#include <memory>

#include "net/stream.h"

namespace postrider::imap {

/// A stream whose octets travel in raw DEFLATE format both ways (RFC 4978 §4), over another one. Some 90 KB
/// while it lives: the client's window is its own choice, ours is kept small.
///
/// What was buffered in plain when it was made is taken for compressed: nothing but DEFLATE may follow the
/// command that asked for it.
class DeflateStream final : public net::Stream {
public:
    explicit DeflateStream(net::Stream& below);
    ~DeflateStream() override;

    std::string_view buffered() const override;
    void consume(std::size_t count) override;
    /// Throws SessionEnd::error when what the client sends is not DEFLATE.
    net::Task<Filled> fill(std::size_t limit) override;
    net::Task<net::Line> read_line(std::size_t limit) override;
    net::Task<> read_exactly(std::string& into, std::size_t count) override;
    net::Task<> skip(std::uint64_t count) override;
    void wake() override { below_.wake(); }
    WakeHandle wake_handle() override { return below_.wake_handle(); }

    void send(std::string_view octets) override;
    std::size_t unsent() const override;
    net::Task<> flush() override;
    net::Task<> flush_if_large(std::size_t threshold) override;
    net::Task<> write(std::string_view octets) override;

    void idle_timeout(std::chrono::seconds limit) override { below_.idle_timeout(limit); }
    void deadline_after(std::chrono::seconds limit) override { below_.deadline_after(limit); }
    void farewell(std::shared_ptr<const net::Farewell> words) override;

    net::Task<std::size_t> start_tls(std::shared_ptr<const net::TlsContext> context) override;
    net::Task<> start_tls_client(std::shared_ptr<const net::TlsContext> context, net::TlsPeer peer) override;
    bool secure() const override { return below_.secure(); }
    const net::TlsInfo* tls() const override { return below_.tls(); }
    const net::Endpoint& local() const override { return below_.local(); }
    const net::Endpoint& peer() const override { return below_.peer(); }
    net::Executor executor() const override { return below_.executor(); }
    net::Task<> close() override;

    /// Ends compression both ways (RFC 8437 §4.1): sends what there is and the last block, then waits for
    /// what the client says next, so that its last block is not taken for plain words. Afterwards all is said
    /// over the stream below. Nothing may be buffered().
    net::Task<> end();

private:
    struct Codecs;
    bool inflate_some(std::size_t limit);  ///< true when octets were added to plain_
    void sync();                           ///< all that was given to send() becomes whole octets below

    net::Stream& below_;
    std::unique_ptr<Codecs> codecs_;
    std::string plain_;         ///< received and inflated
    std::size_t begin_ = 0;     ///< of plain_: consumed up to here
    bool ended_ = false;        ///< the client has sent its last block
    std::string line_;          ///< of read_line()
    std::size_t unsynced_ = 0;  ///< octets that deflate may still hold
    std::string packed_;
};

}  // namespace postrider::imap
