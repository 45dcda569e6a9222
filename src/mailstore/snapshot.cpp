#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "mailstore/errors.h"
#include "mailstore/store_impl.h"

namespace postrider::mailstore {
namespace {

Failure disk_failure(const std::filesystem::path& path, const char* what) {
    return {MailError::storage, path.string() + ": " + what + ": " + std::strerror(errno)};
}

struct File {
    explicit File(int descriptor) : fd{descriptor} {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (fd >= 0) ::close(fd);
    }
    int fd;
};

/// The first `size` bytes (all if the file is shorter), shared with the original where the file system can,
/// holes left out. On disk when it returns.
Result<> copy_file(const std::filesystem::path& from, const std::filesystem::path& to, std::uint64_t size) {
    File in{::open(from.c_str(), O_RDONLY | O_CLOEXEC)};
    if (in.fd < 0) return std::unexpected(disk_failure(from, "open"));
    File out{::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (out.fd < 0) return std::unexpected(disk_failure(to, "create"));
    struct stat status {};
    if (::fstat(in.fd, &status) != 0) return std::unexpected(disk_failure(from, "stat"));
    const auto end =
        static_cast<off_t>(std::min<std::uint64_t>(size, static_cast<std::uint64_t>(status.st_size)));
    if (::ftruncate(out.fd, end) != 0) return std::unexpected(disk_failure(to, "set size"));
    for (off_t data = 0; data < end;) {
        data = ::lseek(in.fd, data, SEEK_DATA);
        if (data < 0 && errno == ENXIO) break;  // a hole up to the end
        if (data < 0) return std::unexpected(disk_failure(from, "seek"));
        off_t hole = ::lseek(in.fd, data, SEEK_HOLE);
        if (hole < 0) return std::unexpected(disk_failure(from, "seek"));
        hole = std::min(hole, end);
        for (off_t out_at = data; data < hole;) {
            ssize_t copied =
                ::copy_file_range(in.fd, &data, out.fd, &out_at, static_cast<std::size_t>(hole - data), 0);
            if (copied < 0 && errno == EINTR) continue;
            if (copied < 0 && (errno == EXDEV || errno == ENOSYS || errno == EOPNOTSUPP || errno == EINVAL)) {
                char buffer[1 << 16];
                ssize_t got = ::pread(
                    in.fd, buffer,
                    std::min<std::size_t>(sizeof buffer, static_cast<std::size_t>(hole - data)), data);
                if (got <= 0) return std::unexpected(disk_failure(from, "read"));
                if (::pwrite(out.fd, buffer, static_cast<std::size_t>(got), data) != got)
                    return std::unexpected(disk_failure(to, "write"));
                data += got;
                out_at = data;
                continue;
            }
            if (copied <= 0) return std::unexpected(disk_failure(to, "copy"));
        }
    }
    if (::fsync(out.fd) != 0) return std::unexpected(disk_failure(to, "sync"));
    return {};
}

Result<> sync_directory(const std::filesystem::path& directory) {
    File opened{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (opened.fd < 0 || ::fsync(opened.fd) != 0) return std::unexpected(disk_failure(directory, "sync"));
    return {};
}

/// Where a location lies in the copy: as in the original where it is inside the store's own directory, so
/// that a server can be started on the copy as it is.
std::filesystem::path place_in_copy(const LocationConfig& location, const std::filesystem::path& store) {
    const auto inside =
        location.options.directory.lexically_normal().lexically_relative(store.lexically_normal());
    if (!inside.empty() && *inside.begin() != "..") return inside;
    return std::filesystem::path{"locations"} / fmt::format("{}", location.number);
}

}  // namespace

Result<> MailStoreImpl::snapshot(const std::filesystem::path& directory) {
    std::lock_guard careful{keeper_->care};  // nothing is moved or freed meanwhile
    std::error_code error;
    if (std::filesystem::exists(directory, error) && !std::filesystem::is_empty(directory, error))
        return fail(MailError::exists, directory.string() + " is not empty");
    std::filesystem::create_directories(directory, error);
    if (error) return fail(MailError::storage, directory.string() + ": " + error.message());

    // The checkpoint knows exactly the records before the marks, and the copies end there: opened, it has
    // nothing to replay and lacks nothing.
    std::vector<std::pair<Location*, container::Mark>> marks;
    auto ok = keeper_->at_mark([&]() -> Result<> {
        for (Location* location : core_.locations.all())
            marks.emplace_back(location, location->files->mark());
        auto done = core_.kv->checkpoint(directory / "kv");
        if (!done) return std::unexpected(from(done.error()));
        return {};
    });
    if (!ok) return ok;
    for (const auto& [location, mark] : marks) {
        const auto& source = location->config.options.directory;
        const auto target = directory / place_in_copy(location->config, core_.options.directory);
        std::filesystem::create_directories(target, error);
        if (error) return fail(MailError::storage, target.string() + ": " + error.message());
        for (const auto& entry : std::filesystem::directory_iterator(source, error)) {
            const std::string name = entry.path().filename().string();
            std::uint64_t size = std::numeric_limits<std::uint64_t>::max();
            if (entry.path().extension() == ".hsf") {
                for (const auto& [file, end] : mark.ends)
                    if (name == fmt::format("{:02x}.hsf", file)) size = end;
            } else if (name != "hsf.dat") {
                continue;
            }
            if (ok = copy_file(entry.path(), target / name, size); !ok) return ok;
        }
        if (error) return fail(MailError::storage, source.string() + ": " + error.message());
        if (ok = sync_directory(target); !ok) return ok;
    }
    return sync_directory(directory);
}

}  // namespace postrider::mailstore
