#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "observe/log.h"
#include "observe/log_rule.h"
#include "observe/metrics.h"

namespace postrider::observe {

struct ReceivedLine;

struct LogOptions {
    std::string host;  ///< this server's name, as lines show it
    std::string directory = "log";
    std::vector<LogRule> rules{catch_all_rule()};
    bool deduplicate = true;
    bool security_log = false;
    std::string remote = "127.0.0.1:2000";  ///< where rules of type remote send to
};

/// The log service: takes the lines of this server (Logger) and of others (LogReceiver) and brings them into
/// files, to syslog or to another server. One thread writes; the threads that log only queue, and when the
/// queue is full they lose their least important lines rather than wait (a line says how many).
///
/// Must be made after the process has forked into the background, and must outlive every Logger it gave out.
class LogService final : public LogSink {
public:
    struct Limits {
        std::size_t queue_lines = 65'536;
        std::size_t queue_octets = 16 << 20;
        std::string syslog = "/dev/log";
    };

    /// Metrics: log.lines, log.dropped, log.failed. `clock` and `metrics` must outlive the service.
    LogService(LogOptions options, const Clock& clock, Metrics& metrics, Limits limits);
    LogService(LogOptions options, const Clock& clock, Metrics& metrics);
    ~LogService() override;  ///< writes what is queued

    /// The handle of one service. A second call with the same module changes its options.
    Logger logger(std::string_view module, const ProducerOptions& options = {});

    /// New rules and files, while the server runs.
    void configure(LogOptions options);

    /// Returns when every line logged before is with the operating system.
    void flush();

    /// A line of another server. @param sender  its address; a remote rule never sends it back there
    void accept_remote(const ReceivedLine& line, std::string_view sender);

    void accept(const Producer& from, Level level, LogId id, std::string&& text) override;
    bool wants_security() const override;
    void accept_security(const Producer& from, Level level, LogId id, std::string&& text) override;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::observe
