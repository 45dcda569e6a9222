#include "net/tls.h"

#include "net/tls_inside.h"

namespace postrider::net {

std::shared_ptr<TlsContext> TlsContext::server(const TlsOptions& options) {
    std::shared_ptr<TlsContext> context{new TlsContext};
    context->inside_ = build_server_inside(options);
    return context;
}

std::shared_ptr<TlsContext> TlsContext::client(const TlsOptions& options, TlsOptions::Verify verify) {
    std::shared_ptr<TlsContext> context{new TlsContext};
    context->inside_ = build_client_inside(options, verify);
    return context;
}

TlsContext::~TlsContext() = default;

std::shared_ptr<const TlsContext::Inside> TlsContext::inside() const {
    std::lock_guard lock{mutex_};
    return inside_;
}

std::string TlsContext::problem() const {
    return inside()->problem;
}
std::vector<std::string> TlsContext::warnings() const {
    return inside()->warnings;
}
std::chrono::seconds TlsContext::handshake_timeout() const {
    return inside()->handshake_timeout;
}

std::expected<void, std::string> TlsContext::reload(const TlsOptions& options) {
    std::shared_ptr<const Inside> fresh = build_server_inside(options);
    if (!fresh->problem.empty()) return std::unexpected(fresh->problem);
    std::lock_guard lock{mutex_};
    inside_ = std::move(fresh);
    return {};
}

}  // namespace postrider::net
