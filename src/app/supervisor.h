#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/link.h"
#include "app/privileges.h"
#include "app/restart_delay.h"

namespace postrider::app {

struct SupervisorOptions {
    std::filesystem::path pid_file;
    std::optional<Identity> identity;        ///< who to become; nothing: nobody else
    std::string core_directory;              ///< "" = no core files
    std::chrono::seconds watchdog{120};      ///< silence after which a server is killed; 0 = never
    std::chrono::seconds stop_patience{60};  ///< after which a server that was told to end is killed
    RestartDelay::Bounds restarts{};
    std::vector<std::string> command;  ///< how this program was started, to start its successor
    bool background = false;           ///< leave the terminal once the server is ready
};

/// For a process in the background: who started it is not kept waiting for the end of what it prints.
void leave_standard_streams();

/// The process that starts the server as its child, keeps its listening sockets, and starts it again when it
/// dies. It opens no data and speaks with no client. While no server runs, connections wait in the sockets'
/// queues.
///
/// Signals: TERM, INT, QUIT end both; HUP has the configuration read again; USR2 replaces both by what the
/// binary's file now holds, in the same process, without closing a socket.
class Supervisor {
public:
    /// The server: runs in the child until it is told to end, and returns the exit code.
    /// @param death  how the one before died; "" = it did not
    using Serve = std::function<int(Link& link, const std::string& death)>;
    /// What a new binary is asked before it takes over; its exit code 0 means yes.
    static constexpr const char* trial_option = "--check";
    static constexpr const char* variable = "POSTRIDER_SUPERVISOR";

    Supervisor(SupervisorOptions options, Serve serve);
    ~Supervisor();
    /// Returns the exit code when all is over.
    int run();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::app
