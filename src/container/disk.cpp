#include "container/disk.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace postrider::container {

int Disk::write(int fd, std::span<iovec> pieces, std::uint64_t offset) {
    while (!pieces.empty()) {
        const int count = static_cast<int>(std::min<std::size_t>(pieces.size(), IOV_MAX));
        const ssize_t written = pwritev(fd, pieces.data(), count, static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        if (written == 0) return EIO;
        offset += static_cast<std::uint64_t>(written);
        auto left = static_cast<std::size_t>(written);
        while (!pieces.empty() && left >= pieces.front().iov_len) {
            left -= pieces.front().iov_len;
            pieces = pieces.subspan(1);
        }
        if (left > 0) {
            pieces.front().iov_base = static_cast<char*>(pieces.front().iov_base) + left;
            pieces.front().iov_len -= left;
        }
    }
    return 0;
}

int Disk::write(int fd, std::string_view bytes, std::uint64_t offset) {
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    return write(fd, {&piece, 1}, offset);
}

int Disk::sync(int fd) {
    // Not retried when interrupted or failed: what it did not report once it never reports.
    return fdatasync(fd) == 0 ? 0 : errno;
}

int Disk::truncate(int fd, std::uint64_t size) {
    return ftruncate(fd, static_cast<off_t>(size)) == 0 ? 0 : errno;
}

int Disk::lay_out(int fd, std::uint64_t offset, std::uint64_t size) {
    return fallocate(fd, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(size)) == 0
               ? 0
               : errno;
}

int Disk::punch(int fd, std::uint64_t offset, std::uint64_t size) {
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                     static_cast<off_t>(size))
                   == 0
               ? 0
               : errno;
}

int Disk::free_bytes(int fd, std::uint64_t& free) {
    struct statvfs space {};
    if (fstatvfs(fd, &space) != 0) return errno;
    free = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
    return 0;
}

int sync_directory(const char* path) {
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno;
    const int result = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return result;
}

}  // namespace postrider::container
