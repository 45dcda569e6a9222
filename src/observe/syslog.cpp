#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/syslog.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

#include "observe/log_writer.h"

// syslog(3) keeps its socket and tag in globals and may block; so we speak to the daemon's socket ourselves.
namespace postrider::observe {

namespace {

int severity(Level level) {
    switch (level) {
        case Level::critical: return LOG_CRIT;
        case Level::error: return LOG_ERR;
        case Level::warning: return LOG_WARNING;
        case Level::info: return LOG_INFO;
        case Level::protocol: return LOG_DEBUG;
    }
    return LOG_INFO;
}

/// "Jul  6 13:10:08", in English whatever the locale (RFC 3164 §4.1.2).
std::string stamp(Time time) {
    constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::time_t second = std::chrono::system_clock::to_time_t(time);
    std::tm tm{};
    localtime_r(&second, &tm);
    return fmt::format("{} {:2} {:02}:{:02}:{:02}", months[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min,
                       tm.tm_sec);
}

}  // namespace

SyslogSender::~SyslogSender() {
    close();
}

void SyslogSender::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

bool SyslogSender::connect() {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (path_.size() >= sizeof to.sun_path) return false;
    std::memcpy(to.sun_path, path_.c_str(), path_.size());
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ >= 0 && ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return true;
    close();
    return false;
}

bool SyslogSender::send(Time time, Level level, std::string_view module, LogId id, std::string_view text) {
    std::string line = fmt::format("<{}>{} postrider[{}]: {}:{:08X}: ", LOG_MAIL | severity(level),
                                   stamp(time), ::getpid(), module, id.value);
    append_escaped(line, text.substr(0, max_text));
    for (int attempt = 0; attempt < 2; ++attempt) {  // the second one after syslogd was restarted
        if (fd_ < 0 && !connect()) return false;
        if (::send(fd_, line.data(), line.size(), MSG_NOSIGNAL) >= 0) return true;
        close();
    }
    return false;
}

}  // namespace postrider::observe
