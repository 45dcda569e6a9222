#include "app/service_manager.h"

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>

#include "app/control_socket.h"

namespace postrider::app {

void tell_service_manager(std::string_view assignments) {
    const char* name = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (!name || *name == '\0' || std::strlen(name) >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, name, std::strlen(name));
    // '@' stands for the NUL octet that begins an abstract name.
    if (*name == '@') address.sun_path[0] = '\0';
    Descriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    if (!socket.is_open()) return;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(name));
    // Whether anybody reads it is not our worry.
    [[maybe_unused]] auto sent = ::sendto(socket.get(), assignments.data(), assignments.size(), MSG_NOSIGNAL,
                                          reinterpret_cast<const sockaddr*>(&address), size);
}

void tell_service_manager(std::string_view assignment, std::string_view status) {
    tell_service_manager(fmt::format("{}\nSTATUS={}\n", assignment, status));
}

void tell_reloading() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto microseconds =
        std::chrono::seconds{now.tv_sec} / std::chrono::microseconds{1} + now.tv_nsec / 1000;
    tell_service_manager(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", microseconds),
                         "Reading the configuration");
}

std::optional<std::chrono::microseconds> watchdog_interval() {
    auto number = [](const char* name) -> std::optional<long long> {
        const char* text = std::getenv(name);
        long long value = 0;
        if (!text) return std::nullopt;
        auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
        if (error != std::errc{} || *end != '\0') return std::nullopt;
        return value;
    };
    if (auto pid = number("WATCHDOG_PID"); pid && *pid != ::getpid()) return std::nullopt;
    auto limit = number("WATCHDOG_USEC");
    if (!limit || *limit <= 0) return std::nullopt;
    return std::chrono::microseconds{*limit / 2};
}

}  // namespace postrider::app
