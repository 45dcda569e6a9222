#pragma once

#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

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
    /// Waits up to two seconds for a log line with `part` in it.
    bool logged(std::string_view part) const {
        for (int i = 0; i < 200; ++i) {
            {
                std::lock_guard lock{mutex};
                for (const auto& line : lines)
                    if (line.find(part) != std::string::npos) return true;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
        return false;
    }
    /// Waits up to five seconds for the sessions to become this many.
    bool sessions_become(std::size_t count) const {
        for (int i = 0; i < 500; ++i) {
            if (listener->sessions() == count) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
        return false;
    }

    mutable std::mutex mutex;
    std::vector<std::string> lines;
    IoPool pool;
    std::unique_ptr<Listener> listener;
};

}  // namespace postrider::net
