#pragma once

#include <fmt/core.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"

/// What a room needs to write log lines. Where they go is log_service.h's business.
namespace postrider::observe {

/// How important a line is, as a bit of a level mask; the smaller, the more important.
enum class Level : std::uint8_t { critical = 1, error = 2, warning = 4, info = 8, protocol = 16 };

/// The levels that are on: any sum of Level's values, 0 to 31.
using LevelMask = std::uint8_t;
inline constexpr LevelMask all_levels = 31;

constexpr bool has(LevelMask mask, Level level) {
    return (mask & static_cast<LevelMask>(level)) != 0;
}

/// What a line belongs to: a session, a queued message, or nothing. Printed as (at least) 8 upper-case hex
/// digits, so that one message can be followed with grep.
struct LogId {
    constexpr LogId() = default;
    constexpr LogId(SessionId session) : value{session.value()} {}  // NOLINT: meant to convert
    constexpr LogId(QueueId queue) : value{queue.value()} {}        // NOLINT
    std::uint64_t value = 0;
    friend bool operator==(LogId, LogId) = default;
};

class Logger;
struct Producer;

/// Takes finished lines. Must not block: it is called on I/O threads, from any of them at once.
class LogSink {
public:
    virtual ~LogSink() = default;
    /// @param text  may hold any octets; the sink escapes them so that one event is one line.
    virtual void accept(const Producer& from, Level level, LogId id, std::string&& text) = 0;
    /// A line for the security log; false from wants_security() spares the caller the formatting.
    virtual bool wants_security() const { return false; }
    virtual void accept_security(const Producer&, Level, LogId, std::string&&) {}
};

/// One service that logs. Owned by its sink's owner and alive until that ends.
struct Producer {
    Producer(LogSink& to, std::string_view name, LevelMask on) : sink{to}, module{name}, mask{on} {}
    LogSink& sink;
    std::string module;           ///< as logging-and-tools says it: "SMTP-IN", "IMAP", "PROCESSING"
    std::atomic<LevelMask> mask;  ///< levels that can reach any file or socket; others are not even formatted
};

/// One try to log in, for the security log.
struct Login {
    std::string_view peer;     ///< address without port
    std::string_view account;  ///< as the client gave it
    std::string_view method;   ///< "PLAIN", "APOP", ...
    bool succeeded = false;
};

/// A cheap handle (one pointer) through which a service logs; copy it freely. A default one says nothing.
/// When a level is off, nothing is formatted. Must not outlive what gave it out.
class Logger {
public:
    Logger() = default;
    explicit Logger(Producer& producer) : producer_{&producer} {}

    bool on(Level level) const {
        return producer_ != nullptr && has(producer_->mask.load(std::memory_order_relaxed), level);
    }

    void write(Level level, LogId id, std::string_view text) const {
        if (on(level)) producer_->sink.accept(*producer_, level, id, std::string{text});
    }

    template <class... Args>
    void critical(LogId id, fmt::format_string<Args...> text, Args&&... args) const {
        if (on(Level::critical)) format(Level::critical, id, text, fmt::make_format_args(args...));
    }
    template <class... Args>
    void error(LogId id, fmt::format_string<Args...> text, Args&&... args) const {
        if (on(Level::error)) format(Level::error, id, text, fmt::make_format_args(args...));
    }
    template <class... Args>
    void warning(LogId id, fmt::format_string<Args...> text, Args&&... args) const {
        if (on(Level::warning)) format(Level::warning, id, text, fmt::make_format_args(args...));
    }
    template <class... Args>
    void info(LogId id, fmt::format_string<Args...> text, Args&&... args) const {
        if (on(Level::info)) format(Level::info, id, text, fmt::make_format_args(args...));
    }
    template <class... Args>
    void protocol(LogId id, fmt::format_string<Args...> text, Args&&... args) const {
        if (on(Level::protocol)) format(Level::protocol, id, text, fmt::make_format_args(args...));
    }

    /// One line of the dialogue, server to peer (">> ") or peer to server ("<< "), without its line end.
    /// Arguments of log-in commands are masked (mask.h); SASL continuation lines are the caller's to hide.
    void sent(LogId id, std::string_view line) const;
    void received(LogId id, std::string_view line) const;

    /// A log-in, for the security log only (which intrusion blockers read); cheap when that is off.
    void login(LogId id, const Login& login) const;

private:
    void format(Level level, LogId id, fmt::string_view text, fmt::format_args args) const;

    Producer* producer_ = nullptr;
};

}  // namespace postrider::observe
