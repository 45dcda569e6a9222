#pragma once

#include <mutex>

#include "relay/route_table.h"

namespace postrider::relay {

/// The routes in force, for those who keep mail for other hosts: replaced as a whole when settings change.
class CurrentRoutes final : public delivery::Routes {
public:
    std::string destination(const queue::Envelope& envelope, const mime::AddrSpec& address) const override {
        const std::shared_ptr<const RouteTable> routes = get();
        return routes ? routes->destination(envelope, address)
                      : delivery::DomainRoutes{}.destination(envelope, address);
    }
    void set(std::shared_ptr<const RouteTable> routes) {
        std::lock_guard lock{mutex_};
        routes_ = std::move(routes);
    }
    std::shared_ptr<const RouteTable> get() const {
        std::lock_guard lock{mutex_};
        return routes_;
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const RouteTable> routes_;
};

}  // namespace postrider::relay
