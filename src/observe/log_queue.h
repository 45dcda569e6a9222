#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "observe/log.h"

namespace postrider::observe {

/// Who wrote a line that came from another server.
struct RemoteProducer {
    std::string host;
    std::string module;
    std::string sender;        ///< the address it came from
    std::optional<Time> date;  ///< as the line says it; files are changed by our own clock
};

struct LogEvent {
    Time time;  ///< when it was logged, or came in from another server
    std::uint64_t order = 0;
    const Producer* from = nullptr;          ///< null for lines of other servers
    std::unique_ptr<RemoteProducer> remote;  ///< null for our own
    Level level = Level::info;
    bool security = false;
    LogId id;
    std::string text;
};

/// Lines on their way from any thread to the one that writes. Bounded: when it is full, the newest line of
/// the least important level makes room for a more important one, and what is dropped is counted by level.
/// push() takes one uncontended lock and wakes the writer only when it sleeps.
class LogQueue {
public:
    static constexpr std::size_t levels = 5;

    struct Batch {
        std::vector<const LogEvent*> events;  ///< in the order of push(); good until the next take()
        std::array<std::vector<LogEvent>, levels> by_level;
        std::array<std::uint64_t, levels> dropped{};
        bool stopped = false;
    };

    LogQueue(std::size_t max_lines, std::size_t max_octets)
        : max_lines_{max_lines}, max_octets_{max_octets} {}

    void push(LogEvent&& event);

    /// Waits until there is something, stop() was called or `patience` is over; then waits `gather` longer,
    /// so that under load the writer wakes a hundred times a second and not once a line. The batch is reused.
    void take(Batch& batch, std::chrono::milliseconds patience, std::chrono::milliseconds gather);

    /// Called by the taker when a batch is dealt with.
    void done();

    /// Waits until all that was pushed before is dealt with.
    void drain();

    void stop();

private:
    bool make_room(std::size_t level, std::size_t octets);
    static std::size_t cost(const LogEvent& event) { return sizeof(LogEvent) + event.text.size(); }

    const std::size_t max_lines_;
    const std::size_t max_octets_;
    std::mutex mutex_;
    std::condition_variable filled_;
    std::condition_variable drained_;
    std::array<std::vector<LogEvent>, levels> waiting_;  ///< by level, most important first
    std::array<std::uint64_t, levels> dropped_{};
    std::size_t lines_ = 0;
    std::size_t octets_ = 0;
    std::uint64_t pushed_ = 0;
    std::uint64_t taken_ = 0;  ///< value of pushed_ when the last batch was taken
    std::uint64_t done_ = 0;
    bool sleeping_ = false;
    bool urgent_ = false;  ///< no gathering: someone waits, or the queue is half full
    bool stopped_ = false;
};

}  // namespace postrider::observe
