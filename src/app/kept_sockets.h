#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "app/control_socket.h"

namespace postrider::app {

/// Listening sockets that outlive the server process which uses them: what connects while there is none waits
/// in the kernel's queue. Bounded by max_sockets.
class KeptSockets {
public:
    static constexpr std::size_t max_sockets = 256;

    /// Takes sockets from the service manager (LISTEN_PID, LISTEN_FDS: sd_listen_fds(3)), which a listener
    /// with that address then uses.
    void take_from_service_manager();
    /// For an exec of ourselves and back: "5@127.0.0.1:25,6@..."; handed-over descriptors survive the exec.
    std::string hand_over();
    void take_over(std::string_view text);
    /// After an exec that did not happen.
    void close_on_exec();

    /// The socket on that address, bound now or before. Each is given once to one server: where port 0 is
    /// asked for several times, each gets its own.
    std::expected<int, std::string> listen(std::string_view address);
    void give_up(std::string_view bound);
    void new_server();       ///< everything may be asked for again
    void close_unclaimed();  ///< what the server did not ask for is not listened on any more
    void close_all() { sockets_.clear(); }
    std::size_t count() const { return sockets_.size(); }

private:
    struct Socket {
        std::string asked;  ///< as the listener's address is written
        std::string bound;  ///< with the real port
        Descriptor descriptor;
        bool claimed = false;
    };
    void take(int descriptor, std::string asked);
    std::vector<Socket> sockets_;
};

}  // namespace postrider::app
