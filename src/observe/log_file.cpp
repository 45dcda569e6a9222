#include "observe/log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <vector>

#include "observe/line.h"

namespace postrider::observe {

namespace {

constexpr std::size_t buffer_limit = 256 << 10;

std::tm local(Time time) {
    std::time_t second = std::chrono::system_clock::to_time_t(time);
    std::tm tm{};
    localtime_r(&second, &tm);
    return tm;
}

/// Days since 1970 in local time.
long day_number(const std::tm& tm) {
    std::tm date{};
    date.tm_year = tm.tm_year;
    date.tm_mon = tm.tm_mon;
    date.tm_mday = tm.tm_mday;
    return timegm(&date) / 86400;
}

/// A number that changes when a new period begins.
long period_number(Time time, Rotate rotate) {
    std::tm tm = local(time);
    switch (rotate) {
        case Rotate::none: return 0;
        case Rotate::day: return day_number(tm);
        case Rotate::week: return (day_number(tm) + 3) / 7;  // 1 January 1970 was a Thursday
        case Rotate::month: return 12L * tm.tm_year + tm.tm_mon;
    }
    return 0;
}

std::string stem(const std::string& name) {
    return name.substr(0, name.rfind('.'));
}
std::string extension(const std::string& name) {
    std::size_t dot = name.rfind('.');
    return dot == std::string::npos ? "" : name.substr(dot);
}

std::string stamp(Time time) {
    std::tm tm = local(time);
    char text[32];
    return {text, std::strftime(text, sizeof text, "_%Y%m%d_%H%M%S", &tm)};
}

/// Whether `name` is an old file of the log file <base><ext>: "_dddddddd_dddddd", perhaps "_n", between them.
bool is_old(const std::string& name, const std::string& base, const std::string& ext) {
    if (name.size() < base.size() + 16 + ext.size() || !name.starts_with(base) || !name.ends_with(ext)) {
        return false;
    }
    std::string middle = name.substr(base.size(), name.size() - base.size() - ext.size());
    for (std::size_t i = 0; i < middle.size(); ++i) {
        bool underscore = i == 0 || i == 9 || i == 16;
        if (underscore ? middle[i] != '_' : middle[i] < '0' || middle[i] > '9') return false;
    }
    return true;
}

}  // namespace

FileLimits FileLimits::of(const LogRule& rule) {
    constexpr std::uint64_t largest = (std::uint64_t{2} << 30) - 1024;  // "2 GB", as 0 means
    FileLimits limits;
    limits.max_octets = rule.file_size_kb == 0 ? largest : rule.file_size_kb * 1024;
    limits.max_age = rule.file_time;
    limits.keep = rule.file_count;
    limits.rotate = rule.rotate;
    return limits;
}

LogFile::LogFile(std::string directory, std::string name)
    : directory_{std::move(directory)}, name_{std::move(name)}, path_{directory_ + "/" + name_} {}

LogFile::~LogFile() {
    if (!buffer_.empty() && fd_ >= 0) write_all(buffer_);
    close();
}

void LogFile::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

bool LogFile::open(Time now) {
    if (fd_ >= 0) return true;
    if (now < retry_) return false;
    fd_ = ::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
    if (fd_ < 0 && errno == ENOENT) {
        ::mkdir(directory_.c_str(), 0750);
        fd_ = ::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
    }
    if (fd_ < 0) {
        last_error_ = errno;
        retry_ = now + 1s;
        return false;
    }
    struct stat status {};
    size_ = ::fstat(fd_, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
    begun_ = now;
    char first[25];  // a file of an earlier run is as old as its first line
    if (size_ >= sizeof first && ::pread(fd_, first, sizeof first, 0) == sizeof first) {
        if (auto date = parse_date({first, sizeof first})) begun_ = std::min(*date, now);
    }
    return true;
}

bool LogFile::due(std::size_t more, Time now, const FileLimits& limits) const {
    std::uint64_t size = size_ + buffer_.size();
    if (size == 0) return false;
    if (size + more > limits.max_octets) return true;
    if (limits.max_age > 0s && now - begun_ >= limits.max_age) return true;
    return period_number(begun_, limits.rotate) != period_number(now, limits.rotate);
}

void LogFile::append(std::string_view line, Time now, const FileLimits& limits) {
    if (open(now)) {
        if (due(line.size() + 1, now, limits)) rotate(now, limits.keep);
    }
    buffer_.append(line);
    buffer_.push_back('\n');
    if (buffer_.size() > buffer_limit) flush(now);
}

void LogFile::rotate(Time now, unsigned keep) {
    flush(now);
    if (fd_ < 0 || size_ == 0) return;
    std::string base = stem(name_) + stamp(now);
    // Several changes in one second are numbered; never a number again, also when its file is gone by now.
    number_ = base == last_base_ ? number_ + 1 : 1;
    last_base_ = base;
    std::string old;
    do {
        std::string number = number_ == 1 ? "" : fmt::format("_{}", number_);
        old = directory_ + "/" + base + number + extension(name_);
    } while (::access(old.c_str(), F_OK) == 0 && ++number_ < 10'000);
    if (::rename(path_.c_str(), old.c_str()) != 0) {
        // The limit cannot be kept; better a long file than no log.
        last_error_ = errno;
        begun_ = now;
        return;
    }
    close();
    open(now);
    if (keep > 0) remove_old(keep);
}

void LogFile::remove_old(unsigned keep) const {
    std::string base = stem(name_);
    std::string ext = extension(name_);
    std::vector<std::pair<std::string, std::string>> old;  // sorted by stamp, then by number
    std::error_code error;
    for (std::filesystem::directory_iterator it{directory_, error}, end; !error && it != end;
         it.increment(error)) {
        std::string name = it->path().filename().string();
        if (!is_old(name, base, ext)) continue;
        std::string middle = name.substr(base.size(), name.size() - base.size() - ext.size());
        std::string suffix = middle.size() > 17 ? middle.substr(17) : "";
        std::string order =
            middle.substr(0, 16) + std::string(8 - std::min<std::size_t>(suffix.size(), 8), '0');
        old.emplace_back(order + suffix, name);
    }
    std::sort(old.begin(), old.end());
    for (std::size_t i = 0; i + keep < old.size(); ++i) {
        std::filesystem::remove(directory_ + "/" + old[i].second, error);
    }
}

bool LogFile::write_all(std::string_view text) {
    while (!text.empty()) {
        ssize_t size = ::write(fd_, text.data(), text.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) {
            last_error_ = errno;
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
}

void LogFile::lose(int error) {
    auto lines = static_cast<std::uint64_t>(std::count(buffer_.begin(), buffer_.end(), '\n'));
    lost_ += lines;
    lost_total_ += lines;
    last_error_ = error;
    buffer_.clear();
}

void LogFile::flush(Time now) {
    if (buffer_.empty()) return;
    struct stat status {};
    // Someone else's rotation took the file away: begin a new one.
    if (fd_ >= 0 && ::fstat(fd_, &status) == 0 && status.st_nlink == 0) close();
    if (now < retry_ || !open(now)) {
        lose(last_error_);
        return;
    }
    if (lost_ > 0) {
        DateText date;
        std::string line{date(now)};
        line += fmt::format(" 04 - LOG:00000000: {} lines were lost here: {}\n", lost_,
                            std::strerror(last_error_));
        buffer_.insert(0, line);
    }
    if (write_all(buffer_)) {
        size_ += buffer_.size();
        buffer_.clear();
        lost_ = 0;
        return;
    }
    int error = last_error_;
    if (lost_ > 0) buffer_.erase(0, buffer_.find('\n') + 1);
    // Take back the part of a line that may have been written, and try again with a fresh descriptor.
    if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0) last_error_ = error;
    close();
    retry_ = now + 1s;
    lose(error);
}

}  // namespace postrider::observe
