#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <string>

#include "dns/resolver.h"
#include "net/tls.h"

namespace postrider::relay {

struct HttpsRequest {
    std::string method = "GET";
    std::string host;  ///< A-labels: what is connected to, and the name that the certificate must have
    std::uint16_t port = 443;
    std::string target = "/";
    std::string content_type;  ///< of the body; "" = there is none
    std::string body;
    std::shared_ptr<const net::TlsContext> tls;
    std::chrono::seconds patience{60};  ///< for everything: DNS, connection, answer
    std::size_t max_body = 64 << 10;    ///< of the answer
};

struct HttpsReply {
    unsigned status = 0;
    std::string content_type;  ///< in lower case, without parameters
    std::string body;
};

struct HttpsProblem {
    enum class Stage : std::uint8_t { dns, connection, tls, reply };
    Stage stage = Stage::connection;
    std::string what;
};

/// One request on a connection of its own. Redirects are not followed: a 3xx is a reply like others.
net::Task<std::expected<HttpsReply, HttpsProblem>> https(dns::Resolver& resolver, HttpsRequest request);

}  // namespace postrider::relay
