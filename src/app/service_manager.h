#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace postrider::app {

/// Tells the service manager how we are: systemd's notification protocol (sd_notify(3)), one datagram of
/// assignments to the socket that NOTIFY_SOCKET names. Without that variable everything is silent.
void tell_service_manager(std::string_view assignments);

/// READY=1, STOPPING=1 and the like with a line for people.
void tell_service_manager(std::string_view assignment, std::string_view status);

/// RELOADING=1 must carry the time at which it began (sd_notify(3)).
void tell_reloading();

/// How often the manager wants to hear WATCHDOG=1; half of the time that it waits.
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace postrider::app
