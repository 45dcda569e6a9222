#pragma once

#include <atomic>

#include "admin/control.h"
#include "app/local_server.h"
#include "observe/log.h"

namespace postrider::app {

/// Runs administration operations for who may open DIR/run/control: the owner of the data alone.
class ControlServer {
public:
    /// `context` must live longer.
    static std::expected<std::unique_ptr<ControlServer>, std::string> open(
        const std::filesystem::path& socket, admin::Context& context, observe::Logger log);
    ~ControlServer() { stop(); }

    void start() { server_->start(); }
    /// Ends operations that are at work, and waits for them.
    void stop();

private:
    ControlServer(admin::Context& context, observe::Logger log) : context_{context}, log_{log} {}
    void serve(int fd);
    std::string answer(int fd, const std::string& line);

    admin::Context& context_;
    observe::Logger log_;
    std::atomic<bool> quit_{false};  ///< operations at work are to end
    std::unique_ptr<LocalServer> server_;
};

}  // namespace postrider::app
