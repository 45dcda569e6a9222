#pragma once

#include <expected>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "app/control_socket.h"
#include "app/sockets.h"

/// What the supervisor and the server that it started tell each other: one message per packet of a local
/// socket pair, a word and what belongs to it. Unknown words are passed over, so that after an upgrade two
/// versions understand each other.
namespace postrider::app {

/// A packet: text and at most one descriptor.
struct LinkMessage {
    std::string text;
    Descriptor descriptor;
};

inline constexpr std::size_t max_link_message = 4096;

bool send_message(int link, std::string_view text, int descriptor = -1);
/// Waits for one; nothing when the other side is gone.
std::optional<LinkMessage> receive_message(int link);

/// The server's end. Usable from any thread.
class Link {
public:
    explicit Link(Descriptor end) : end_{std::move(end)} {}

    void ready() { say("ready"); }
    void alive() { say("alive"); }
    void reloading() { say("reloading"); }
    void reloaded() { say("reloaded"); }
    /// Asks for a new binary in this process's place; the error says why it cannot be.
    std::expected<void, std::string> upgrade();
    std::expected<int, std::string> listen(const net::Endpoint& address);
    void give_up(const net::Endpoint& bound) { say("give-up " + bound.text()); }

private:
    void say(std::string_view text);
    std::expected<LinkMessage, std::string> ask(const std::string& text);

    std::mutex mutex_;
    Descriptor end_;
};

/// Listening sockets that the supervisor has bound and keeps.
class LinkedSockets final : public SocketSource {
public:
    explicit LinkedSockets(Link& link) : link_{link} {}
    std::expected<int, std::string> listen(const net::Endpoint& address) override {
        return link_.listen(address);
    }
    void give_up(const net::Endpoint& bound) override { link_.give_up(bound); }

private:
    Link& link_;
};

}  // namespace postrider::app
