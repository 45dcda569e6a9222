#include "extract/helper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "extract/document.h"
#include "extract/sandbox.h"

namespace postrider::extract {
namespace {

class Fd {
public:
    explicit Fd(int fd) : fd_{fd} {}
    ~Fd() { reset(); }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    int get() const { return fd_; }
    void reset() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

private:
    int fd_;
};

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

pid_t spawn(const HelperOptions& options, std::string_view format, int input, int output) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, input, 0);
    posix_spawn_file_actions_adddup2(&files, output, 1);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::string program = options.program.string(), verb = "extract", what{format};
    std::string path = "PATH=/usr/bin:/bin", locale = "LC_ALL=C.UTF-8";
    char* const arguments[] = {program.data(), verb.data(), what.data(), nullptr};
    char* const environment[] = {path.data(), locale.data(), nullptr};
    pid_t child = -1;
    if (::posix_spawn(&child, program.c_str(), &files, &attributes, arguments, environment) != 0) child = -1;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return child;
}

/// Until its end, or `most` octets, or the deadline; whether it has ended by itself.
bool hear(int fd, std::string& out, std::size_t most, std::chrono::steady_clock::time_point deadline) {
    std::array<char, 64 * 1024> piece;
    while (out.size() < most) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd wait{fd, POLLIN, 0};
        const int ready = ::poll(&wait, 1, static_cast<int>(left.count()));
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return false;
        const ssize_t count = ::read(fd, piece.data(), piece.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return count == 0;
        out.append(piece.data(), static_cast<std::size_t>(count));
    }
    out.resize(most);
    return false;
}

std::string read_input(std::size_t most) {
    std::string bytes;
    std::array<char, 64 * 1024> piece;
    while (bytes.size() < most) {
        const ssize_t count = ::read(0, piece.data(), piece.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        bytes.append(piece.data(), static_cast<std::size_t>(count));
    }
    return bytes;
}

}  // namespace

std::string read_in_helper(std::string_view bytes, Format format, const HelperOptions& options) {
    const Fd input{::memfd_create("document", MFD_CLOEXEC)};
    int ends[2];
    if (input.get() < 0 || !write_all(input.get(), bytes) || ::lseek(input.get(), 0, SEEK_SET) != 0
        || ::pipe2(ends, O_CLOEXEC) != 0)
        return {};
    const Fd from{ends[0]};
    Fd to{ends[1]};
    const pid_t child = spawn(options, word(format), input.get(), to.get());
    to.reset();
    if (child < 0) return {};
    std::string text;
    if (!hear(from.get(), text, options.most, std::chrono::steady_clock::now() + options.patience))
        ::kill(child, SIGKILL);
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    return text;
}

int run_helper(std::string_view name) {
    constexpr int wrong_use = 2, refused = 3;
    constexpr std::size_t largest = 64u << 20;
    const auto format = format_of_word(name);
    if (!format) return wrong_use;
    if (*format == Format::pdf) {
        if (!confine(Confinement::program)) return refused;
        ::execl("/usr/bin/pdftotext", "pdftotext", "-q", "-enc", "UTF-8", "-nopgbrk", "-", "-", nullptr);
        return refused;  // it is not installed
    }
    if (!confine(Confinement::compute)) return refused;
    return write_all(1, read_document(read_input(largest), *format)) ? 0 : 1;
}

}  // namespace postrider::extract
