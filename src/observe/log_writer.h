#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "observe/line.h"
#include "observe/log_file.h"
#include "observe/log_plan.h"
#include "observe/log_queue.h"
#include "observe/udp.h"

namespace postrider::observe {

/// Sends lines to the local syslog daemon over its datagram socket (RFC 3164 form, facility mail).
class SyslogSender {
public:
    explicit SyslogSender(std::string path) : path_{std::move(path)} {}
    SyslogSender(const SyslogSender&) = delete;
    SyslogSender& operator=(const SyslogSender&) = delete;
    ~SyslogSender();
    bool send(Time time, Level level, std::string_view module, LogId id, std::string_view text);

private:
    bool connect();
    void close();
    std::string path_;
    int fd_ = -1;
};

/// Brings events to where the plan says. For the writer thread only.
class LogWriter {
public:
    LogWriter(Metrics& metrics, std::string syslog_path);

    /// A plan's rules and the routes of producers hold until the next call.
    void use(std::shared_ptr<const Plan> plan, std::unordered_map<const Producer*, Route> routes);

    void write(const LogEvent& event);
    /// A line of the log service itself.
    void say(Time now, Level level, std::string_view text);
    /// Gives everything to the operating system; repeated lines that are over get their count.
    void flush(Time now);
    /// Says the counts of repeated lines that are still running.
    void finish(Time now);

private:
    struct OpenFile {
        OpenFile(const std::string& directory, const std::string& name) : file{directory, name} {}
        LogFile file;
        std::string last;  ///< the last line without its date
        std::size_t last_prefix = 0;
        Time last_time{};
        std::uint64_t repeats = 0;
        FileLimits limits;
        std::uint64_t lost_seen = 0;
    };

    void to_file(const std::string& name, const FileLimits& limits, Time now, Time date,
                 std::string_view rest, std::size_t prefix);
    void end_repeats(OpenFile& file, Time now);
    void to_endpoint(const Endpoint& endpoint, Time time, std::string_view rest);
    void deliver(const Route& route, const LogEvent& event, std::string_view host, std::string_view module);

    Counter& lines_;
    Counter& failed_;
    std::shared_ptr<const Plan> plan_;
    std::unordered_map<const Producer*, Route> routes_;
    std::map<std::string, OpenFile> files_;
    std::string directory_;
    SyslogSender syslog_;
    UdpSocket v4_;
    UdpSocket v6_;
    DateText date_;
    std::string rest_;  ///< reused
    std::string line_;
};

}  // namespace postrider::observe
