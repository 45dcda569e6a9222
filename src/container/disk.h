#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace postrider::container {

/// The calls by which a location changes its files, so that a test can be the disk. Each gives 0 or an errno.
class Disk {
public:
    virtual ~Disk() = default;
    virtual int write(int fd, std::span<iovec> pieces,
                      std::uint64_t offset);  ///< all of it; changes `pieces`
    virtual int sync(int fd);                 ///< fdatasync
    virtual int truncate(int fd, std::uint64_t size);
    virtual int lay_out(int fd, std::uint64_t offset, std::uint64_t size);  ///< blocks beyond the file's size
    virtual int punch(int fd, std::uint64_t offset, std::uint64_t size);
    virtual int free_bytes(int fd, std::uint64_t& free);  ///< for unprivileged writers

    int write(int fd, std::string_view bytes, std::uint64_t offset);
};

/// Makes names in a directory durable. @return 0 or an errno
int sync_directory(const char* path);

}  // namespace postrider::container
