#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "app/control_socket.h"

namespace postrider::app {

/// Listens on a local socket and runs a handler for each connection, on a thread of its own, since what is
/// asked for there blocks. A few connections at once; more hear `busy`.
class LocalServer {
public:
    struct Options {
        std::filesystem::path path;
        mode_t mode = 0600;  ///< who may connect
        std::size_t max_connections = 8;
        std::string busy;
    };
    /// Serves one connection until it is over; stop() shuts its reading side down.
    using Handler = std::function<void(int fd)>;

    /// Replaces a socket that a dead server left: only for who holds the data's lock.
    static std::expected<std::unique_ptr<LocalServer>, std::string> open(Options options, Handler handler);
    ~LocalServer() { stop(); }

    void start();
    /// Returns when the last handler has.
    void stop();

private:
    struct Connection {
        Descriptor peer;
        std::thread thread;
        bool over = false;
    };
    LocalServer(Options options, Handler handler)
        : options_{std::move(options)}, handler_{std::move(handler)} {}
    void accept_all();
    void serve(Connection& connection);
    void join_finished();

    Options options_;
    Handler handler_;
    Descriptor listener_, wake_read_, wake_write_;
    std::thread acceptor_;
    std::mutex mutex_;
    std::list<Connection> connections_;
    bool stopping_ = false;
};

}  // namespace postrider::app
