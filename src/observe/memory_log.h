#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "observe/log.h"

namespace postrider::observe {

/// Keeps lines in memory as "MODULE:ID: text", for tests.
class MemoryLog final : public LogSink {
public:
    explicit MemoryLog(std::string_view module = "TEST", LevelMask mask = all_levels)
        : producer_{*this, module, mask} {}

    Logger logger() { return Logger{producer_}; }

    std::vector<std::string> lines() const {
        std::lock_guard lock{mutex_};
        return lines_;
    }
    bool contains(std::string_view text) const {
        std::lock_guard lock{mutex_};
        return std::any_of(lines_.begin(), lines_.end(),
                           [&](const std::string& line) { return line.find(text) != std::string::npos; });
    }

    void accept(const Producer& from, Level, LogId id, std::string&& text) override {
        add(fmt::format("{}:{:08X}: {}", from.module, id.value, text));
    }
    bool wants_security() const override { return true; }
    void accept_security(const Producer&, Level, LogId id, std::string&& text) override {
        add(fmt::format("SECURITY:{:08X}: {}", id.value, text));
    }

private:
    void add(std::string line) {
        std::lock_guard lock{mutex_};
        lines_.push_back(std::move(line));
    }
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
    Producer producer_;
};

}  // namespace postrider::observe
