#include "base/make_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace postrider {
namespace {

std::unexpected<std::error_code> last_error() {
    return std::unexpected(std::error_code{errno, std::generic_category()});
}

}  // namespace

std::expected<void, std::error_code> make_directory(const std::filesystem::path& path) {
    const auto full = path.is_absolute() ? path : std::filesystem::absolute(path);
    std::error_code error;
    if (std::filesystem::is_directory(full, error)) return {};
    const auto parent = full.has_filename() ? full.parent_path() : full.parent_path().parent_path();
    if (parent != full)
        if (auto ok = make_directory(parent); !ok) return ok;
    if (mkdir(full.c_str(), 0777) != 0 && errno != EEXIST) return last_error();
    const int fd = open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return last_error();
    const bool synced = fsync(fd) == 0;
    const int reason = errno;
    close(fd);
    errno = reason;
    if (!synced) return last_error();
    if (!std::filesystem::is_directory(full, error))  // EEXIST, but a file
        return std::unexpected(std::make_error_code(std::errc::not_a_directory));
    return {};
}

}  // namespace postrider
