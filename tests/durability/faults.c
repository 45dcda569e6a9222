// Preloaded into the server: a disk that is full or fails, by command.
//
// FAULTS_CONTROL is a file of at least sizeof(struct Control) that the test maps too. While `kind` is not 0, calls on
// regular files and directories whose path contains `path` are counted, and those from the `first`th on fail, `count` of them
// (0: all). kind 1: calls that need room (writes, laying out, making files) fail with ENOSPC; a write of more than a
// page is cut short first, as a filling disk does. kind 2: writes fail with EIO. kind 3: fsync and fdatasync fail with EIO once per
// failure and succeed when they are tried again, as the kernel's do.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { no_fault, full, bad_write, bad_sync };
struct Control {
    _Atomic unsigned kind, first, count;
    _Atomic unsigned seen, failed;
    char path[236];
};
static struct Control* control;
static _Thread_local int cut_short;  // the last write was; the next one then finds no room at all

__attribute__((constructor)) static void attach(void) {
    const char* file = getenv("FAULTS_CONTROL");
    int fd = file ? (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void* shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (shared != MAP_FAILED) control = shared;
    unsetenv("LD_PRELOAD");
}

static int path_fails(unsigned kind, const char* path) {
    if (!strstr(path, control->path)) return 0;
    const unsigned number = ++control->seen;
    const unsigned first = control->first, count = control->count;
    if (control->kind != kind || number < first || (count && number >= first + count)) return 0;
    ++control->failed;
    return 1;
}

/// Shall this call fail as `kind` says?
static int fails(unsigned kind, int fd) {
    if (!control || control->kind != kind) return 0;
    struct stat s;
    if (fstat(fd, &s) != 0 || !(S_ISREG(s.st_mode) || S_ISDIR(s.st_mode))) return 0;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return 0;
    path[n] = '\0';
    return path_fails(kind, path);
}

static int refused(int error) {
    errno = error;
    return -1;
}

#define WRITING(fd, size, shorter, whole)                                       \
    if (fails(bad_write, fd)) return refused(EIO);                              \
    if (fails(full, fd)) {                                                      \
        cut_short = (size) > 4096 && !cut_short;                                \
        return cut_short ? (shorter) : refused(ENOSPC);                         \
    }                                                                           \
    return whole;

static size_t total(const struct iovec* pieces, int count) {
    size_t sum = 0;
    for (int i = 0; i < count; ++i) sum += pieces[i].iov_len;
    return sum;
}
/// The first piece alone, at most a page of it.
static struct iovec little(const struct iovec* pieces) {
    return (struct iovec){pieces->iov_base, pieces->iov_len < 4096 ? pieces->iov_len : 4096};
}

ssize_t write(int fd, const void* data, size_t size) {
    WRITING(fd, size, syscall(SYS_write, fd, data, 4096), syscall(SYS_write, fd, data, size))
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
    WRITING(fd, size, syscall(SYS_pwrite64, fd, data, 4096, at), syscall(SYS_pwrite64, fd, data, size, at))
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) { return pwrite(fd, data, size, at); }
ssize_t writev(int fd, const struct iovec* pieces, int count) {
    struct iovec first = count > 0 ? little(pieces) : (struct iovec){NULL, 0};
    WRITING(fd, total(pieces, count), syscall(SYS_writev, fd, &first, 1), syscall(SYS_writev, fd, pieces, count))
}
ssize_t pwritev(int fd, const struct iovec* pieces, int count, off_t at) {
    struct iovec first = count > 0 ? little(pieces) : (struct iovec){NULL, 0};
    WRITING(fd, total(pieces, count), syscall(SYS_pwritev, fd, &first, 1, at, 0L),
            syscall(SYS_pwritev, fd, pieces, count, at, 0L))
}
ssize_t pwritev64(int fd, const struct iovec* pieces, int count, off64_t at) { return pwritev(fd, pieces, count, at); }

int fallocate(int fd, int mode, off_t at, off_t size) {
    if (!(mode & FALLOC_FL_PUNCH_HOLE) && fails(full, fd)) return refused(ENOSPC);
    return (int)syscall(SYS_fallocate, fd, mode, at, size);
}
int fallocate64(int fd, int mode, off64_t at, off64_t size) { return fallocate(fd, mode, at, size); }
int posix_fallocate(int fd, off_t at, off_t size) { return fallocate(fd, 0, at, size) == 0 ? 0 : errno; }

static int making_fails(const char* path, int flags) {
    return (flags & O_CREAT) && control && control->kind == full && path_fails(full, path);
}
int open(const char* path, int flags, ...) {
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list more;
        va_start(more, flags);
        mode = (mode_t)va_arg(more, int);
        va_end(more);
    }
    if (making_fails(path, flags)) return refused(ENOSPC);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list more;
        va_start(more, flags);
        mode = (mode_t)va_arg(more, int);
        va_end(more);
    }
    if (making_fails(path, flags)) return refused(ENOSPC);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static int syncing(int fd, long number) {
    if (fails(bad_sync, fd)) return refused(EIO);
    return (int)syscall(number, fd);
}
int fsync(int fd) { return syncing(fd, SYS_fsync); }
int fdatasync(int fd) { return syncing(fd, SYS_fdatasync); }
