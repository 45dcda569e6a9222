#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/settings.h"

namespace postrider::app {

/// Port by the name of what is spoken there: "smtp", "submissions", "imaps", ...
using Ports = std::map<std::string, std::uint16_t>;

/// How long what is under way may take to end by itself when its service stops.
inline constexpr std::chrono::milliseconds session_grace{3000};

/// What becomes of the addresses of a service that stops.
enum class Addresses : std::uint8_t {
    given_up,  ///< the service is off: connections are refused
    kept,      ///< the process ends: whoever else holds the sockets lets connections wait there
};

/// A part of the running server that starts, stops and takes new settings by itself. The board
/// (service_board.h) calls it, never two functions at once.
class Service {
public:
    virtual ~Service() = default;

    virtual settings::Service id() const = 0;

    /// Makes what it needs and binds its addresses; nothing is accepted or worked on before start(). May be
    /// called again after stop(). The error is a sentence for the administrator; then nothing is left behind.
    virtual std::expected<void, std::string> prepare(const Settings& settings) = 0;
    virtual void start() = 0;
    /// Takes no more work, ends sessions in their protocol's terms, and returns when nothing of it runs any
    /// more.
    virtual void stop(Addresses addresses) = 0;

    /// New settings while it runs. What has begun keeps what it began with; no session ends. What cannot be
    /// taken stays as it was, with a sentence for each.
    virtual std::vector<std::string> apply(const Settings& settings) = 0;
    /// What is in force and does not work as one would wish.
    virtual std::vector<std::string> warnings() const { return {}; }

    virtual std::size_t sessions() const { return 0; }
    virtual void add_ports(Ports&) const {}
};

}  // namespace postrider::app
