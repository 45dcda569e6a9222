#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "settings/writer.h"

namespace postrider::settings {

namespace {

class Fd {
public:
    explicit Fd(int fd) : fd_{fd} {}
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    /// Closes now, to hear of an error that closing shows.
    bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

private:
    int fd_;
};

std::unexpected<std::string> failure(std::string_view what, const std::string& path) {
    int error = errno;  // before anything below changes it
    return std::unexpected(fmt::format("cannot {} {}: {}", what, path, std::strerror(error)));
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        ssize_t size = ::write(fd, text.data(), text.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
}

/// A rename is durable once its directory is.
bool sync_directory_of(const std::string& path) {
    std::size_t slash = path.rfind('/');
    std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    Fd fd{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    return fd && ::fsync(fd.get()) == 0;
}

}  // namespace

std::expected<std::string, std::string> load_file(const std::string& path, std::size_t limit) {
    Fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd) return failure("open", path);
    std::string text;
    char buffer[16384];
    for (;;) {
        ssize_t size = ::read(fd.get(), buffer, sizeof buffer);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return failure("read", path);
        if (size == 0) return text;
        text.append(buffer, static_cast<std::size_t>(size));
        if (text.size() > limit) {
            return std::unexpected(fmt::format("{} is larger than {} octets", path, limit));
        }
    }
}

std::expected<void, std::string> save_file(const std::string& path, std::string_view text) {
    struct stat old {};
    bool existed = ::stat(path.c_str(), &old) == 0;
    std::string fresh = path + ".new";
    // Whoever left one behind died while writing it.
    ::unlink(fresh.c_str());
    Fd fd{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640)};
    if (!fd) return failure("create", fresh);
    if (existed) {
        // Only root may give a file away: then the rest of the mode still holds.
        if (::fchown(fd.get(), old.st_uid, old.st_gid) != 0) errno = 0;
        if (::fchmod(fd.get(), old.st_mode & 07777) != 0) errno = 0;
    }
    bool written = write_all(fd.get(), text) && ::fsync(fd.get()) == 0 && fd.close();
    if (!written || ::rename(fresh.c_str(), path.c_str()) != 0) {
        auto error = failure("write", path);
        ::unlink(fresh.c_str());
        return error;
    }
    if (!sync_directory_of(path)) return failure("sync the directory of", path);
    return {};
}

}  // namespace postrider::settings
