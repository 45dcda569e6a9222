#include "filter/scan/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace postrider::filter {
namespace {

std::unexpected<Trouble> trouble(Trouble::Kind kind, const std::string& what, int error) {
    return std::unexpected(
        Trouble{kind, what + ": " + std::error_code{error, std::generic_category()}.message()});
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
    all.push_back(nullptr);
    return all;
}

/// What a new process begins with: no signal is blocked or ignored, a group of its own.
class Attributes {
public:
    Attributes() {
        ::posix_spawnattr_init(&attributes_);
        sigset_t none, all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setpgroup(&attributes_, 0);
        ::posix_spawnattr_setflags(&attributes_,
                                   POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        ::posix_spawn_file_actions_init(&actions_);
    }
    ~Attributes() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    posix_spawnattr_t attributes_;
    posix_spawn_file_actions_t actions_;
};

}  // namespace

Maybe<Child> Child::start(const std::vector<std::string>& words,
                          const std::vector<std::string>& environment) {
    // A socket for its input: a write to a program that has gone is then an error and no signal.
    int in[2], out[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0)
        return trouble(Trouble::Kind::unreachable, "no socket", errno);
    net::UniqueFd to{in[0]}, its_input{in[1]};
    if (::pipe2(out, O_CLOEXEC) != 0) return trouble(Trouble::Kind::unreachable, "no pipe", errno);
    net::UniqueFd from{out[0]}, its_output{out[1]};
    ::fcntl(to.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(from.get(), F_SETFL, O_NONBLOCK);

    Attributes made;
    ::posix_spawn_file_actions_adddup2(&made.actions_, its_input.get(), 0);
    ::posix_spawn_file_actions_adddup2(&made.actions_, its_output.get(), 1);
    ::posix_spawn_file_actions_addopen(&made.actions_, 2, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addclosefrom_np(&made.actions_, 3);
    ::posix_spawn_file_actions_addchdir_np(&made.actions_, "/");
    pid_t pid = 0;
    const auto arguments = pointers(words);
    const auto variables = pointers(environment);
    const int error = ::posix_spawn(&pid, words[0].c_str(), &made.actions_, &made.attributes_,
                                    arguments.data(), variables.data());
    if (error != 0) return trouble(Trouble::Kind::unreachable, words[0], error);
    return Child{pid, std::move(to), std::move(from)};
}

Child::Child(Child&& other) noexcept
    : pid_{std::exchange(other.pid_, 0)}, to_{std::move(other.to_)}, from_{std::move(other.from_)} {}

Child::~Child() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

void Child::feed(std::string_view& input) {
    const ssize_t sent = ::send(to_.get(), input.data(), input.size(), MSG_NOSIGNAL);
    if (sent > 0)
        input.remove_prefix(static_cast<std::size_t>(sent));
    else if (sent < 0 && errno != EAGAIN && errno != EINTR)
        input = {};  // it has read as much as it wants
}

Maybe<std::string> Child::talk(std::string_view input, std::size_t limit, const Patience& patience) {
    std::string output;
    for (;;) {
        if (input.empty()) to_.reset();
        pollfd waiting[2] = {{from_.get(), POLLIN, 0}, {to_.get(), POLLOUT, 0}};
        const int ready = ::poll(waiting, to_ ? 2 : 1, patience.next_wait());
        if (ready == 0) return std::unexpected(Trouble{Trouble::Kind::silent, "it took too long"});
        if (ready < 0 && errno != EINTR) return trouble(Trouble::Kind::closed, "poll", errno);
        if (ready < 0) continue;
        if (to_ && waiting[1].revents != 0) feed(input);
        if (waiting[0].revents == 0) continue;
        char chunk[4096];
        const ssize_t got = ::read(from_.get(), chunk, sizeof chunk);
        if (got == 0) return output;
        if (got > 0) output.append(chunk, std::min(static_cast<std::size_t>(got), limit - output.size()));
    }
}

Maybe<std::string> Child::exchange(std::string_view input, std::string_view end, std::size_t limit,
                                   const Patience& patience) {
    std::string output;
    for (;;) {
        pollfd waiting[2] = {{from_.get(), POLLIN, 0}, {to_.get(), POLLOUT, 0}};
        const int ready = ::poll(waiting, input.empty() ? 1 : 2, patience.next_wait());
        if (ready == 0) return std::unexpected(Trouble{Trouble::Kind::silent, "it took too long"});
        if (ready < 0 && errno != EINTR) return trouble(Trouble::Kind::closed, "poll", errno);
        if (ready < 0) continue;
        if (!input.empty() && waiting[1].revents != 0) feed(input);
        if (waiting[0].revents == 0) continue;
        char chunk[4096];
        const ssize_t got = ::read(from_.get(), chunk, sizeof chunk);
        if (got == 0) return std::unexpected(Trouble{Trouble::Kind::closed, "it has ended"});
        if (got > 0) output.append(chunk, static_cast<std::size_t>(got));
        if (const auto at = output.find(end); at != output.npos) {
            if (at + end.size() != output.size())
                return std::unexpected(Trouble{Trouble::Kind::nonsense, "it says more than its answer"});
            output.resize(at);
            return output;
        }
        if (output.size() > limit)
            return std::unexpected(Trouble{Trouble::Kind::nonsense, "no end of its answer"});
    }
}

Maybe<int> Child::wait(const Patience& patience) {
    const net::UniqueFd watch{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
    if (!watch) return trouble(Trouble::Kind::closed, "pidfd_open", errno);
    for (;;) {
        pollfd waiting{watch.get(), POLLIN, 0};
        const int ready = ::poll(&waiting, 1, patience.next_wait());
        if (ready == 0) return std::unexpected(Trouble{Trouble::Kind::silent, "it took too long to end"});
        if (ready < 0 && errno == EINTR) continue;
        int status = 0;
        ::kill(-pid_, SIGKILL);  // what it has left behind in its group; itself it has ended
        if (::waitpid(pid_, &status, 0) != pid_) return trouble(Trouble::Kind::closed, "waitpid", errno);
        pid_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
}

}  // namespace postrider::filter
