#pragma once

#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/test_eventually.h"
#include "net/listener.h"
#include "net/test_peer.h"

namespace postrider::net {

/// A listener on a free loopback port with its own I/O threads, for tests.
class TestServer {
public:
    using Handler = std::function<Task<>(std::unique_ptr<Stream>)>;
    explicit TestServer(Handler handler, ListenerOptions options = {}, unsigned threads = 2) : pool{threads} {
        if (options.address.ip.empty()) options.address = {"127.0.0.1", 0};
        options.handler = std::move(handler);
        options.log = [this](ListenerOptions::Severity, const std::string& text) {
            std::lock_guard lock{mutex};
            lines.push_back(text);
        };
        auto opened = Listener::open(pool, std::move(options));
        if (!opened) throw std::runtime_error{opened.error()};
        listener = std::move(*opened);
        pool.run();
        listener->start();
    }
    ~TestServer() {
        listener->stop(std::chrono::milliseconds{100});
        pool.stop();
    }
    Endpoint address() const { return listener->local(); }
    /// Waits for a log line with `part` in it.
    bool logged(std::string_view part) const {
        return eventually([&] {
            std::lock_guard lock{mutex};
            for (const auto& line : lines)
                if (line.find(part) != std::string::npos) return true;
            return false;
        });
    }
    /// Waits for the sessions to become this many.
    bool sessions_become(std::size_t count) const {
        return eventually([&] { return listener->sessions() == count; });
    }

    mutable std::mutex mutex;
    std::vector<std::string> lines;
    IoPool pool;
    std::unique_ptr<Listener> listener;
};

}  // namespace postrider::net
