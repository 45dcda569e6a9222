#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "admin/control.h"
#include "app/control_socket.h"
#include "observe/log.h"

namespace postrider::app {

/// Runs administration operations for who may open DIR/run/control: the owner of the data alone. A few
/// connections at once, each on a thread of its own, since operations block; more are told to come again.
class ControlServer {
public:
    /// `context` must live longer. Replaces a socket that a dead server left: only for who holds the data's
    /// lock.
    static std::expected<std::unique_ptr<ControlServer>, std::string> open(
        const std::filesystem::path& socket, admin::Context& context, observe::Logger log);
    ~ControlServer();  ///< waits for operations that are at work

    void start();
    void stop();

private:
    struct Connection {
        Descriptor peer;
        std::thread thread;
        bool over = false;
    };
    ControlServer(admin::Context& context, observe::Logger log) : context_{context}, log_{log} {}
    void accept_all();
    void serve(Connection& connection);
    std::string answer(int fd, const std::string& line);
    void join_finished(std::unique_lock<std::mutex>& lock);

    admin::Context& context_;
    observe::Logger log_;
    std::filesystem::path path_;
    Descriptor listener_, wake_read_, wake_write_;
    std::thread acceptor_;
    std::mutex mutex_;
    std::list<Connection> connections_;
    bool stopping_ = false;
};

}  // namespace postrider::app
