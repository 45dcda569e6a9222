#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace postrider {

/// The server's name in greetings, trace headers and message ids. New settings may change it while others
/// read it. A handle: all copies are of the same server. Thread-safe. Names that were given out stay valid as
/// long as a handle is left, so each different one is kept: administrators give a handful.
class ServerName {
public:
    ServerName(std::string name) { change(std::move(name)); }        // NOLINT: meant to convert
    ServerName(const char* name) : ServerName{std::string{name}} {}  // NOLINT
    ServerName() : ServerName{std::string{}} {}

    const std::string& get() const { return *state_->now.load(std::memory_order_acquire); }
    operator const std::string&() const { return get(); }  // NOLINT

    void change(std::string name) {
        std::lock_guard lock{state_->changing};
        for (const std::string& known : state_->names)
            if (known == name) return state_->now.store(&known, std::memory_order_release);
        state_->now.store(&state_->names.emplace_back(std::move(name)), std::memory_order_release);
    }

private:
    struct State {
        std::mutex changing;
        std::list<std::string> names;  ///< does not move them
        std::atomic<const std::string*> now = nullptr;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace postrider
