#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "observe/log_rule.h"

namespace postrider::observe {

/// When a log file is put aside, and how many old ones are kept.
struct FileLimits {
    std::uint64_t max_octets = 5 << 20;
    std::chrono::seconds max_age = 86400s;  ///< 0: unlimited
    unsigned keep = 0;                      ///< 0: all
    Rotate rotate = Rotate::none;

    static FileLimits of(const LogRule& rule);
};

/// One log file with its rotation. Old files are named <base>_YYYYMMDD_hhmmss.<ext> (local time of the
/// change). A disk that refuses costs lines, which are counted, and never more than that: writing is tried
/// again once a second and the first line after the gap says how many were lost. Not for more than one
/// thread.
class LogFile {
public:
    /// Nothing is opened before the first line.
    LogFile(std::string directory, std::string name);
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;
    ~LogFile();  ///< flushes

    /// Takes one line without its line end; changes the file first where the limits say so.
    void append(std::string_view line, Time now, const FileLimits& limits);

    /// Gives what was taken to the operating system.
    void flush(Time now);

    std::uint64_t lost() const { return lost_total_; }  ///< lines that could not be written

private:
    bool open(Time now);
    void close();
    void rotate(Time now, unsigned keep);
    void remove_old(unsigned keep) const;
    bool due(std::size_t more, Time now, const FileLimits& limits) const;
    bool write_all(std::string_view text);
    void lose(int error);

    std::string directory_;
    std::string name_;
    std::string path_;
    std::string buffer_;
    int fd_ = -1;
    std::uint64_t size_ = 0;  ///< octets in the file, the buffer excepted
    Time begun_{};            ///< of the first line in the file
    Time retry_{};            ///< no try to open before this
    std::uint64_t lost_ = 0;  ///< since the last line that was written
    std::uint64_t lost_total_ = 0;
    int last_error_ = 0;
    std::string last_base_;  ///< of the file put aside last
    unsigned number_ = 0;
};

}  // namespace postrider::observe
