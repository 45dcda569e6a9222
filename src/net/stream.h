#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/task.h"

namespace postrider::net {

class TlsContext;

/// What ends a session from outside; thrown by every Stream operation, caught once, where the session was
/// spawned.
class SessionEnd : public std::runtime_error {
public:
    enum class Reason { closed, timeout, error, tls, shutdown };
    SessionEnd(Reason reason, const std::string& what) : std::runtime_error{what}, reason_{reason} {}
    Reason reason() const { return reason_; }

private:
    Reason reason_;
};

/// What is wrong with a certificate, for those who report it.
enum class CertificateProblem : std::uint8_t {
    none,
    host_name,    ///< it is somebody else's
    expired,      ///< or not valid yet
    not_trusted,  ///< no authority that we know has signed it
    no_match,     ///< none of the TLSA records matches (RFC 7672 §3)
    other,
};

/// A handshake as a client that failed. `problem` says whether the certificate was the reason.
class TlsFailure : public SessionEnd {
public:
    TlsFailure(CertificateProblem problem, const std::string& what)
        : SessionEnd{Reason::tls, what}, problem_{problem} {}
    CertificateProblem problem() const { return problem_; }

private:
    CertificateProblem problem_;
};

struct Endpoint {
    std::string ip;  ///< numeric; IPv4-mapped addresses as IPv4; "" for a local (Unix) socket
    std::uint16_t port = 0;
    std::string text() const;  ///< 192.0.2.1:25, [2001:db8::1]:25
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Last words, in the protocol's terms and with their CRLF, sent when a wait for input ends this way ("" =
/// none). One object serves all sessions of a service.
struct Farewell {
    std::string timeout;   ///< idle time or deadline passed
    std::string shutdown;  ///< the server stops
};

struct TlsInfo {
    std::string version;  ///< TLSv1.3
    std::string cipher;
    std::string server_name;   ///< SNI of the client; ""
    std::string peer_subject;  ///< of a verified client certificate; ""
    std::string exporter;      ///< tls-exporter channel binding, RFC 9266 (32 octets)
    std::string unique;        ///< tls-unique for TLS 1.2 (RFC 5929); "" for 1.3
    std::string endpoint;      ///< tls-server-end-point hash (RFC 5929)

    // of a connection as a client that looked at the certificate (TlsPeer::Check)
    bool verified = false;  ///< the server is who it should be
    CertificateProblem problem = CertificateProblem::none;
    std::string problem_text;  ///< one line; "" when there is none
};

/// Who is expected at the other end of a connection that starts TLS as a client.
struct TlsPeer {
    TlsPeer() = default;
    TlsPeer(std::string name) : server_name{std::move(name)} {}  // NOLINT: the name is mostly all

    enum class Check : std::uint8_t {
        as_context,  ///< what the context was made for
        off,         ///< any certificate will do, and nobody looks at it
        note,        ///< any will do; TlsInfo says what is wrong with it
        demand,      ///< the handshake fails with TlsFailure
    };
    /// A TLSA record (RFC 6698 §2.1), usage 2 or 3 only (RFC 7672 §3.1). With some of these, and
    /// Check::demand, they alone decide: DANE-EE needs neither name nor date.
    struct Association {
        std::uint8_t usage = 3, selector = 1, matching = 1;
        std::string data;
    };

    std::string server_name;  ///< for SNI, and the name that the certificate must have
    Check check = Check::as_context;
    std::vector<Association> associations;
    std::vector<std::string> more_names;  ///< also right in the certificate (RFC 7672 §3.2.2)
};

/// A line as it arrived.
struct Line {
    enum class Kind {
        text,      ///< `text` is the line without its CRLF; valid until the next read
        too_long,  ///< the line passed the limit; it has been read to its end and thrown away
        bare_lf,   ///< ended by LF alone; `text` is what stood before it. Each protocol decides whether to
                   ///< take it
    };
    Kind kind = Kind::text;
    std::string_view text;
};

/// A connected peer, with or without TLS: buffered octets in, buffered octets out. Belongs to one I/O thread;
/// nothing here may be called from another one, except wake() as noted.
///
/// An idle stream is cheap: the read buffer is allocated only when octets have arrived and given back when
/// it is empty; OpenSSL's buffers are released while nothing is in flight (SSL_MODE_RELEASE_BUFFERS).
class Stream {
public:
    virtual ~Stream() = default;

    // ---- reading. Octets come from the buffer first.

    /// What has been received and not yet consumed. Valid until the next read.
    virtual std::string_view buffered() const = 0;
    virtual void consume(std::size_t count) = 0;

    enum class Filled { data, woken };
    /// Waits until at least one more octet is buffered, or until wake(). At most `limit` octets are ever
    /// buffered.
    virtual Task<Filled> fill(std::size_t limit = 64 * 1024) = 0;

    /// The next line, at most `limit` octets without its end. CR elsewhere in the line stays in the text.
    /// Reads ahead up to 16 KB, or the limit if that is more.
    virtual Task<Line> read_line(std::size_t limit) = 0;
    /// Exactly `count` octets appended to `into` (the caller has checked the count against its own limit).
    virtual Task<> read_exactly(std::string& into, std::size_t count) = 0;
    /// Reads and forgets.
    virtual Task<> skip(std::uint64_t count) = 0;

    /// Makes a pending or the next fill() return `woken`. Callable from any thread as long as the stream
    /// lives (hold a WakeHandle where that is not certain).
    virtual void wake() = 0;
    class WakeHandle {  ///< weak: waking a stream that is gone does nothing. Copyable, callable from any
                        ///< thread
    public:
        void wake() const;
        struct Target;
        explicit WakeHandle(std::weak_ptr<Target> target = {}) : target_{std::move(target)} {}

    private:
        std::weak_ptr<Target> target_;
    };
    virtual WakeHandle wake_handle() = 0;

    // ---- writing

    /// Adds to the output buffer. Nothing leaves before flush(), or before the buffer passes 64 KB and the
    /// next co_await of flush_if_large().
    virtual void send(std::string_view octets) = 0;
    virtual std::size_t unsent() const = 0;
    virtual Task<> flush() = 0;
    /// For long replies: flushes only when at least `threshold` octets wait.
    virtual Task<> flush_if_large(std::size_t threshold = 64 * 1024) = 0;
    /// Sends what waits and then `octets`, which are not copied into the buffer when they are many (RETR,
    /// BODY[]). `octets` must stay valid until it returns.
    virtual Task<> write(std::string_view octets) = 0;

    // ---- time

    /// Every wait that lasts longer than this from now on ends with SessionEnd::timeout (resolution: a
    /// second; no timer per operation). 0 = no limit.
    virtual void idle_timeout(std::chrono::seconds limit) = 0;
    /// Moment at which the session ends whatever the peer does (one byte a second does not extend it); 0 =
    /// none.
    virtual void deadline_after(std::chrono::seconds limit) = 0;
    /// What the peer hears when a wait for input ends by time or by the server's stop, before SessionEnd is
    /// thrown. The listener sets its service's words; a session may replace them.
    virtual void farewell(std::shared_ptr<const Farewell> words) = 0;

    // ---- TLS

    /// The server's side of the handshake. Octets that were received in plain text before it are an attack
    /// (command injection, RFC 3207 §6, CVE-2011-0411): they are dropped and the handshake goes on without
    /// them.
    /// @return how many were dropped, for the log. Throws SessionEnd::tls when the handshake fails.
    virtual Task<std::size_t> start_tls(std::shared_ptr<const TlsContext> context) = 0;
    /// The client's side. What was received before in plain text is dropped (RFC 3207 §6). To be handed named
    /// locals with std::move.
    virtual Task<> start_tls_client(std::shared_ptr<const TlsContext> context, TlsPeer peer) = 0;
    virtual bool secure() const = 0;
    virtual const TlsInfo* tls() const = 0;  ///< nullptr without TLS

    // ---- who

    virtual const Endpoint& local() const = 0;
    virtual const Endpoint& peer() const = 0;  ///< behind a PROXY header: the original client
    virtual Executor executor() const = 0;

    /// Sends what waits (at most for five seconds), TLS close_notify, FIN. Never throws. Works after a
    /// SessionEnd by time or shutdown too, so that a session can say more than its farewell.
    virtual Task<> close() = 0;
};

}  // namespace postrider::net
