// Preloaded into the servers under test (ours and the peers alike): counts the calls that ask the disk to
// flush. The counters live in the file named by BENCH_FLUSHCOUNT, which all processes of a server share.
// Writes on descriptors opened with O_SYNC or O_DSYNC and flushes through io_uring are not seen here; the
// device's own flush counter, which the runner prints beside these, would show them.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

struct Counters {
    std::atomic<std::uint64_t> fsync;
    std::atomic<std::uint64_t> fdatasync;
    std::atomic<std::uint64_t> msync;
    std::atomic<std::uint64_t> sync;
};

Counters nowhere;
Counters* counters = &nowhere;

[[gnu::constructor]] void attach() {
    const char* path = std::getenv("BENCH_FLUSHCOUNT");
    if (!path) return;
    int fd = ::open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void* shared = ::mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    if (shared != MAP_FAILED) counters = static_cast<Counters*>(shared);
}

void count(std::atomic<std::uint64_t>& counter) {
    counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

// The C library's signatures, so that these take the place of its functions.
extern "C" {

[[gnu::visibility("default")]] int fsync(int fd) {
    count(counters->fsync);
    return static_cast<int>(::syscall(SYS_fsync, fd));
}

[[gnu::visibility("default")]] int fdatasync(int fd) {
    count(counters->fdatasync);
    return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

[[gnu::visibility("default")]] int msync(void* start, size_t length, int flags) {
    if (flags & MS_SYNC) count(counters->msync);
    return static_cast<int>(::syscall(SYS_msync, start, length, flags));
}

[[gnu::visibility("default")]] int syncfs(int fd) noexcept {
    count(counters->sync);
    return static_cast<int>(::syscall(SYS_syncfs, fd));
}

[[gnu::visibility("default")]] void sync() noexcept {
    count(counters->sync);
    ::syscall(SYS_sync);
}
}
