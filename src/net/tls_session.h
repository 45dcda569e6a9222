#pragma once

#include <memory>
#include <string>

#include "net/stream.h"

struct ssl_st;

namespace postrider::net {

/// One TLS connection on a non-blocking socket.
class TlsSession {
public:
    enum class Need { nothing, read, write };  ///< what the socket must be able to do before it goes on

    /// Throws SessionEnd::tls when the context has no certificate or OpenSSL refuses.
    static std::unique_ptr<TlsSession> server(const TlsContext& context, int fd);
    static std::unique_ptr<TlsSession> client(const TlsContext& context, int fd, const TlsPeer& peer);
    ~TlsSession();

    /// Done when `nothing` is needed. All four throw SessionEnd (tls, closed or error).
    Need handshake();
    std::size_t read(char* into, std::size_t room, Need& need);  ///< 0 with a need, or throws
    std::size_t write(std::string_view octets, Need& need);      ///< how many went out; 0 with a need
    void shutdown() noexcept;  ///< close_notify, if the socket takes it at once

    const TlsInfo& info();

private:
    TlsSession(ssl_st* ssl, std::shared_ptr<void> context) : ssl_{ssl}, context_{std::move(context)} {}
    [[noreturn]] void fail(int code, const char* what);

    ssl_st* ssl_;
    std::shared_ptr<void> context_;  ///< keeps the certificates of a reloaded context while this one lives
    std::unique_ptr<TlsInfo> info_;
    bool failed_ = false;
    bool looks_at_peer_ = false;  ///< a client that checks the certificate, or notes what is wrong with it
};

}  // namespace postrider::net
