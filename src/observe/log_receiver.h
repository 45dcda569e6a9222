#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "observe/log_service.h"

namespace postrider::observe {

/// Takes other servers' log lines, one per UDP datagram, on a thread of its own until it is destroyed.
/// Datagrams that are not log lines, or whose sender is not welcome, are counted (log.refused) and forgotten.
class LogReceiver {
public:
    /// Whether datagrams of an IP address (text without port) are welcome; called on the receiver's thread.
    using Welcome = std::function<bool(std::string_view ip)>;

    /// @param address  "127.0.0.1:2000", "[::]:2000"; port 0 takes any free one
    /// @return the receiver, or a sentence saying why the address cannot be used
    static std::expected<std::unique_ptr<LogReceiver>, std::string> open(LogService& service,
                                                                         Metrics& metrics,
                                                                         const std::string& address,
                                                                         Welcome welcome);
    ~LogReceiver();

    std::uint16_t port() const;

private:
    class Impl;
    explicit LogReceiver(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::observe
