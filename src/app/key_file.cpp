#include "app/key_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace postrider::app {
namespace {

constexpr std::size_t key_size = 32;

class File {
public:
    File(const std::filesystem::path& path, int flags) : fd_{open(path.c_str(), flags | O_CLOEXEC, 0600)} {}
    ~File() {
        if (fd_ >= 0) close(fd_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int fd() const { return fd_; }

private:
    int fd_;
};

std::unexpected<std::string> failed(const std::filesystem::path& file, const char* what) {
    return std::unexpected(file.string() + ": " + what + ": " + std::strerror(errno));
}

}  // namespace

std::expected<std::string, std::string> load_or_create_key(const std::filesystem::path& path) {
    std::string key(key_size, '\0');
    if (File file{path, O_RDONLY}; file.fd() >= 0) {
        if (read(file.fd(), key.data(), key.size()) != static_cast<ssize_t>(key.size()))
            return std::unexpected(path.string()
                                   + " is damaged: it must hold 32 octets. Restore it from a backup.");
        return key;
    }
    if (errno != ENOENT) return failed(path, "cannot be read");
    if (getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size()))
        return failed(path, "no random numbers");
    // Whole and synced before it has its name: a crash must not leave half a key.
    std::filesystem::path made = path.string() + ".new";
    {
        File file{made, O_WRONLY | O_CREAT | O_TRUNC};
        if (file.fd() < 0 || write(file.fd(), key.data(), key.size()) != static_cast<ssize_t>(key.size())
            || fsync(file.fd()) != 0)
            return failed(made, "cannot be written");
    }
    if (rename(made.c_str(), path.c_str()) != 0) return failed(path, "cannot be made");
    File directory{path.parent_path(), O_RDONLY | O_DIRECTORY};
    if (directory.fd() < 0 || fsync(directory.fd()) != 0)
        return failed(path.parent_path(), "cannot be synced");
    return key;
}

}  // namespace postrider::app
