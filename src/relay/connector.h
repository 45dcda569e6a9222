#pragma once

#include <atomic>
#include <expected>
#include <memory>

#include "observe/metrics.h"
#include "relay/route_table.h"
#include "relay/security.h"

namespace postrider::relay {

/// One address of one host, and all that matters for connecting to it.
struct Approach {
    std::string host;  ///< its name
    net::Endpoint to;
    RouteTable::From from;
    const Route* route = nullptr;
    Security security;

    /// Connections of the same key may carry each other's mail.
    std::string key() const;
};

/// Makes connections that are ready for MAIL: connected, greeted, with TLS as it has to be, logged in.
class Connector {
public:
    struct Counters {
        observe::Counter &opened, &failed, &with_tls;
    };
    /// All must live longer. `attempts` may be nullptr.
    Connector(const OutgoingSettings& settings, TlsAttempts* attempts, observe::Logger log,
              observe::Metrics& metrics);

    /// On the calling coroutine's thread. Where TLS is optional and fails, it tries without.
    net::Task<std::expected<std::unique_ptr<Client>, Trouble>> open(Approach approach);

private:
    struct Plain {
        bool refused_tls = false;
    };
    net::Task<std::expected<std::unique_ptr<Client>, Trouble>> try_once(const Approach& approach,
                                                                        bool use_tls);
    net::Task<std::optional<Trouble>> secure(Client& client, const Approach& approach);
    std::shared_ptr<const net::TlsContext> context_of(const Route* route) const;
    void note(const Approach& approach, const Client& client, const std::optional<Trouble>& trouble) const;

    const OutgoingSettings& settings_;
    TlsAttempts* attempts_;
    observe::Logger log_;
    Counters counters_;
    std::atomic<std::uint32_t> next_id_{0};
    std::shared_ptr<const net::TlsContext> context_;
    std::vector<std::pair<std::string, std::shared_ptr<const net::TlsContext>>> route_contexts_;
    /// For routes that a policy makes up: with one version alone.
    std::shared_ptr<const net::TlsContext> only_tls1_2_, only_tls1_3_;
};

}  // namespace postrider::relay
