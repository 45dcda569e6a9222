#pragma once

#include <openssl/ssl.h>

#include <map>
#include <string>

#include "net/tls.h"

namespace postrider::net {

struct FreeSslContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContextPtr = std::unique_ptr<SSL_CTX, FreeSslContext>;

/// What a TlsContext holds between two reloads; immutable once built.
struct TlsContext::Inside {
    SslContextPtr context;                         ///< the default certificate
    std::map<std::string, SslContextPtr> by_name;  ///< lower case; "*.example.org" for wildcards
    std::string problem;
    std::vector<std::string> warnings;
    std::chrono::seconds handshake_timeout{10};
    std::shared_ptr<X509_STORE> authorities;  ///< of an outgoing context; may be shared
    bool verify_name = false;                 ///< outgoing: the name connected to must be in the certificate

    /// The context for a host name as the client gave it; the default one if there is none.
    SSL_CTX* find(const std::string& lower_name) const;
};

std::shared_ptr<TlsContext::Inside> build_server_inside(const TlsOptions& options);
std::shared_ptr<TlsContext::Inside> build_client_inside(const TlsOptions& options, TlsOptions::Verify verify);

/// The oldest entry of OpenSSL's error queue as text; empties the queue.
std::string openssl_error();

}  // namespace postrider::net
