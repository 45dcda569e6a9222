#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "delivery/outbound.h"
#include "relay/policy_routes.h"
#include "relay/settings.h"

namespace postrider::relay {

/// Which way a message goes: the first route that matches, else by MX. Immutable.
class RouteTable final : public delivery::Routes {
public:
    /// What the directory says of a domain's own outgoing address; "" when it has none. Must not block long.
    using AssignedIp = std::function<std::string(const std::string& domain)>;

    /// `policy` may be nullptr: then no policy is asked. Else it must live longer, and counts before the
    /// routes of the settings.
    explicit RouteTable(const OutgoingSettings& settings, std::string helo, AssignedIp assigned = {},
                        PolicyRoutes* policy = nullptr);

    std::string destination(const queue::Envelope& envelope, const mime::AddrSpec& address) const override;

    /// The route of a message to a destination, nullptr for none. One whose name the destination bears, or
    /// the first without a host that matches.
    const Route* route(std::string_view destination, const mime::AddrSpec& sender) const;

    struct From {
        std::string ip;    ///< "" = the system's choice
        std::string helo;  ///< our name from there
    };
    /// Where mail of a sender leaves from, when it goes to an address of that family.
    From source(const Route* route, const mime::AddrSpec& sender, bool six) const;

private:
    static bool matches(const std::vector<std::string>& patterns, std::string_view domain);
    const Source* own_source(std::string_view domain) const;

    std::vector<Route> routes_;
    std::vector<Source> sources_;
    std::string helo_;
    AssignedIp assigned_;
    PolicyRoutes* policy_;
};

}  // namespace postrider::relay
