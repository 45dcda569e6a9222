#include "app/supervisor.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <fstream>

#include "app/kept_sockets.h"
#include "app/service_manager.h"

namespace postrider::app {
namespace {

using Steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto no_time = Steady::time_point::max();
constexpr auto trial_patience = 30s;

sigset_t our_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (int signal : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR2, SIGCHLD}) sigaddset(&set, signal);
    return set;
}

std::string death_text(int status) {
    if (WIFSIGNALED(status))
        return fmt::format("signal {} ({}){}", WTERMSIG(status), ::strsignal(WTERMSIG(status)),
                           WCOREDUMP(status) ? ", core dumped" : "");
    return fmt::format("exit code {}", WEXITSTATUS(status));
}

}  // namespace

void leave_standard_streams() {
    Descriptor null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    for (int standard : {0, 1, 2}) ::dup2(null.get(), standard);
}

struct Supervisor::Impl {
    SupervisorOptions options;
    Serve serve;

    enum class State { starting, running, resting, stopping } state = State::resting;
    KeptSockets sockets;
    RestartDelay delay;
    Descriptor signals;
    Descriptor link;  ///< to the child
    pid_t child = -1;
    bool child_ready = false;
    bool ever_ready = false;
    bool replacing = false;  ///< the child ends so that its successor can begin
    std::string death;
    Steady::time_point born{}, last_alive{}, told_to_stop{};
    Steady::time_point start_at = no_time;
    Steady::time_point kill_at = no_time;
    Steady::time_point next_word = no_time;  ///< to the service manager
    Descriptor ready_pipe;                   ///< to who started us in the background
    std::string binary;

    Impl(SupervisorOptions given, Serve function)
        : options{std::move(given)}, serve{std::move(function)}, delay{options.restarts} {}

    // ---- words

    template <class... Args>
    void say(int priority, fmt::format_string<Args...> text, Args&&... args) const {
        std::string line = fmt::format(text, std::forward<Args>(args)...);
        fmt::print(stderr, "postrider: {}\n", line);
        if (options.background) ::syslog(LOG_MAIL | priority, "%s", line.c_str());
    }

    // ---- the process itself

    std::expected<void, std::string> settle_in();
    int leave_terminal();
    void report_ready();
    std::expected<void, std::string> write_pid() const;

    // ---- the child

    void start_child();
    [[noreturn]] void be_child(Descriptor end);
    void child_ended(int status);
    void end_child();
    void take_message();
    void on_ready();

    // ---- another binary

    std::expected<void, std::string> try_binary();
    std::expected<void, std::string> upgrade();
    void take_over(std::string_view text);

    void on_signal();
    void on_time(Steady::time_point now);
    int timeout(Steady::time_point now) const;
    int exit_code = 0;
    bool over = false;
    int run();
};

// ---- the process itself

std::expected<void, std::string> Supervisor::Impl::write_pid() const {
    if (options.pid_file.empty()) return {};
    std::ofstream out{options.pid_file};
    if (!(out << ::getpid() << '\n' << std::flush))
        return std::unexpected(options.pid_file.string() + " cannot be written: " + std::strerror(errno));
    return {};
}

/// Before anything else has begun: the child inherits all of it.
std::expected<void, std::string> Supervisor::Impl::settle_in() {
    raise_descriptor_limit();
    if (options.identity) {
        // The file may lie where only root can write, as /run.
        if (auto ok = write_pid(); !ok) return ok;
        if (!options.pid_file.empty()
            && ::chown(options.pid_file.c_str(), options.identity->user, options.identity->group) != 0)
            return std::unexpected(options.pid_file.string() + ": " + std::strerror(errno));
        if (auto ok = become(*options.identity, true); !ok) return ok;
    } else if (auto ok = write_pid(); !ok) {
        return ok;
    }
    return allow_cores(options.core_directory);
}

/// Goes on in a new process without a terminal; the old one waits until the server is ready and returns with
/// the exit code, the new one returns -1.
int Supervisor::Impl::leave_terminal() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return 1;
    Descriptor read_end{ends[0]}, write_end{ends[1]};
    const pid_t pid = ::fork();
    if (pid < 0) return 1;
    if (pid > 0) {
        write_end.reset();
        char code = 1;
        ssize_t got = 0;
        do got = ::read(read_end.get(), &code, 1);
        while (got < 0 && errno == EINTR);
        ::_exit(got == 1 ? code : 1);
    }
    ::setsid();
    ready_pipe = std::move(write_end);
    return -1;
}

void Supervisor::Impl::report_ready() {
    if (!ready_pipe.is_open()) return;
    leave_standard_streams();
    const char well = 0;
    [[maybe_unused]] auto sent = ::write(ready_pipe.get(), &well, 1);
    ready_pipe.reset();
}

// ---- the child

void Supervisor::Impl::be_child(Descriptor end) {
    // The death of the supervisor must not leave a server that nobody watches and whose sockets nobody keeps.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() == 1 && ::getpid() != 1) ::_exit(1);
    give_up_privileges();
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    sockets.close_all();
    signals.reset();
    ready_pipe.reset();
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
    sigset_t set = our_signals();
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
    int code = 1;
    {
        Link to_parent{std::move(end)};
        code = serve(to_parent, death);
    }
    std::exit(code);
}

void Supervisor::Impl::start_child() {
    start_at = no_time;
    child_ready = false;
    sockets.new_server();
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        say(LOG_ERR, "The server cannot be started: {}", std::strerror(errno));
        start_at = Steady::now() + 1s;
        return;
    }
    link = Descriptor{ends[0]};
    Descriptor other{ends[1]};
    born = last_alive = Steady::now();
    child = ::fork();
    if (child == 0) {
        link.reset();
        be_child(std::move(other));
    }
    if (child < 0) {
        say(LOG_ERR, "The server cannot be started: {}", std::strerror(errno));
        link.reset();
        start_at = Steady::now() + 1s;
        return;
    }
    state = State::starting;
    next_word = born + 10s;
}

void Supervisor::Impl::on_ready() {
    child_ready = true;
    if (state == State::stopping) return;  // too late: it has been told to end
    sockets.close_unclaimed();
    state = State::running;
    ever_ready = true;
    last_alive = Steady::now();
    next_word = last_alive;
    tell_service_manager("READY=1", death.empty() ? "Running" : "Running again after " + death);
    report_ready();
}

void Supervisor::Impl::take_message() {
    auto message = receive_message(link.get());
    if (!message) {
        link.reset();  // it ends; SIGCHLD tells how
        return;
    }
    std::string_view text = message->text;
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (word == "alive") {
        last_alive = Steady::now();
    } else if (word == "listen") {
        std::expected<int, std::string> socket = std::unexpected("The server is stopping");
        if (state != State::stopping) socket = sockets.listen(text);
        if (socket)
            send_message(link.get(), "ok", *socket);
        else
            send_message(link.get(), "error " + socket.error());
    } else if (word == "give-up") {
        sockets.give_up(text);
    } else if (word == "ready") {
        on_ready();
    } else if (word == "reloading") {
        tell_reloading();
    } else if (word == "reloaded") {
        tell_service_manager("READY=1", "Running");
    } else if (word == "upgrade") {
        if (auto ok = try_binary(); !ok) {
            send_message(link.get(), "error " + ok.error());
        } else {
            send_message(link.get(), "ok");
            if (auto done = upgrade(); !done) say(LOG_ERR, "{}", done.error());
        }
    }
}

void Supervisor::Impl::end_child() {
    if (child < 0) return;
    ::kill(child, SIGTERM);
    told_to_stop = Steady::now();
    kill_at = told_to_stop + options.stop_patience;
}

void Supervisor::Impl::child_ended(int status) {
    const auto now = Steady::now();
    child = -1;
    // What it said last may still wait: a listener that was given up.
    while (link.is_open()) {
        pollfd ready{link.get(), POLLIN, 0};
        if (::poll(&ready, 1, 0) != 1) break;
        take_message();
    }
    link.reset();
    kill_at = no_time;
    const bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (state == State::stopping) {
        // One that was still starting could not end well, and has nothing to lose.
        if (!well && child_ready) say(LOG_WARNING, "The server ended with {}", death_text(status));
        exit_code = well || !child_ready ? 0 : 1;
        over = true;
        return;
    }
    if (std::exchange(replacing, false)) {
        death.clear();
        start_child();
        return;
    }
    if (!ever_ready) {
        // Nobody has seen it run: an administrator is waiting to hear why not.
        if (!well || state == State::starting) say(LOG_ERR, "The server was not started");
        exit_code = 1;
        over = true;
        return;
    }
    death = death_text(status);
    const auto wait = delay.after_death(std::chrono::duration_cast<std::chrono::milliseconds>(now - born));
    say(LOG_ERR, "The server ended with {} ({} in a row); it is started again in {} ms", death,
        delay.deaths(), wait.count());
    tell_service_manager(
        fmt::format("STATUS=The server ended with {}; started again in {} ms", death, wait.count()));
    state = State::resting;
    start_at = now + wait;
}

// ---- another binary

/// What now stands in the binary's file is asked whether it can run here: an upgrade that cannot start must
/// not cost the server that runs.
std::expected<void, std::string> Supervisor::Impl::try_binary() {
    std::vector<char*> arguments;
    for (std::string& one : options.command) arguments.push_back(one.data());
    std::string check = trial_option;
    arguments.push_back(check.data());
    arguments.push_back(nullptr);
    const pid_t trial = ::fork();
    if (trial < 0)
        return std::unexpected(std::string{"The new binary cannot be tried: "} + std::strerror(errno));
    if (trial == 0) {
        sigset_t set = our_signals();
        ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
        ::execv(binary.c_str(), arguments.data());
        ::_exit(127);
    }
    const auto until = Steady::now() + trial_patience;
    int status = 0;
    while (::waitpid(trial, &status, WNOHANG) == 0) {
        if (Steady::now() >= until) {
            ::kill(trial, SIGKILL);
            ::waitpid(trial, &status, 0);
            return std::unexpected(binary + " did not answer; the server that runs goes on");
        }
        ::usleep(20'000);
    }
    last_alive = Steady::now();  // we did not listen meanwhile
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return std::unexpected(fmt::format("{} cannot take over ({}); the server that runs goes on", binary,
                                           death_text(status)));
    return {};
}

/// Becomes the new binary. The child goes on meanwhile; our successor ends it and starts its own.
std::expected<void, std::string> Supervisor::Impl::upgrade() {
    if (child < 0 || state == State::stopping || replacing)
        return std::unexpected("No server runs that could be replaced");
    ::fcntl(link.get(), F_SETFD, 0);
    std::string state_text = fmt::format("{} {} {}", child, link.get(), sockets.hand_over());
    ::setenv(variable, state_text.c_str(), 1);
    std::vector<char*> arguments;
    for (std::string& one : options.command) arguments.push_back(one.data());
    arguments.push_back(nullptr);
    ::execv(binary.c_str(), arguments.data());
    const std::string why = std::strerror(errno);
    ::unsetenv(variable);
    ::fcntl(link.get(), F_SETFD, FD_CLOEXEC);
    sockets.close_on_exec();
    return std::unexpected(binary + " cannot be run: " + why);
}

void Supervisor::Impl::take_over(std::string_view text) {
    auto next = [&] {
        std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        int value = -1;
        std::from_chars(word.data(), word.data() + word.size(), value);
        return value;
    };
    child = next();
    link = Descriptor{next()};
    ::fcntl(link.get(), F_SETFD, FD_CLOEXEC);
    sockets.take_over(text);
    child_ready = ever_ready = true;
    replacing = true;
    state = State::running;
    born = last_alive = Steady::now();
    say(LOG_INFO, "Version {} takes over", POSTRIDER_VERSION);
    tell_service_manager(fmt::format("STATUS=Version {} takes over", POSTRIDER_VERSION));
    end_child();
}

// ---- the loop

void Supervisor::Impl::on_signal() {
    signalfd_siginfo info{};
    while (::read(signals.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        switch (info.ssi_signo) {
            case SIGCHLD: {
                int status = 0;
                if (child > 0 && ::waitpid(child, &status, WNOHANG) == child) child_ended(status);
                break;
            }
            case SIGHUP:
                if (child > 0 && state == State::running) ::kill(child, SIGHUP);
                break;
            case SIGUSR2:
                if (auto fit = try_binary(); !fit)
                    say(LOG_ERR, "{}", fit.error());
                else if (auto ok = upgrade(); !ok)
                    say(LOG_ERR, "{}", ok.error());
                break;
            default:  // TERM, INT, QUIT
                if (state == State::stopping) break;
                state = State::stopping;
                tell_service_manager("STOPPING=1", "Stopping");
                sockets.close_all();
                if (child < 0)
                    over = true;
                else
                    end_child();
        }
    }
}

void Supervisor::Impl::on_time(Steady::time_point now) {
    if (now >= start_at) start_child();
    if (child > 0 && now >= kill_at) {
        say(LOG_ERR, "The server did not end within {} s; it is killed", options.stop_patience.count());
        ::kill(child, SIGKILL);
        kill_at = no_time;
    }
    if (state == State::running && child > 0 && kill_at == no_time && options.watchdog > 0s
        && now - last_alive > options.watchdog) {
        say(LOG_ERR, "The server has not moved for {} s; it is ended", options.watchdog.count());
        ::kill(child, SIGABRT);  // leaves a core where they are allowed
        kill_at = now + 10s;
    }
    if (now >= next_word) {
        next_word = no_time;
        if (state == State::starting) {
            // Looking through mail after a crash takes as long as it takes.
            tell_service_manager("EXTEND_TIMEOUT_USEC=60000000");
            next_word = now + 10s;
        } else if (auto interval = watchdog_interval()) {
            tell_service_manager("WATCHDOG=1");
            next_word = now + *interval;
        }
    }
}

int Supervisor::Impl::timeout(Steady::time_point now) const {
    auto next = std::min({start_at, kill_at, next_word, now + 1s});
    auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now).count();
    return static_cast<int>(std::max<decltype(left)>(0, left));
}

int Supervisor::Impl::run() {
    std::error_code error;
    binary = std::filesystem::read_symlink("/proc/self/exe", error).string();
    const char* predecessor = std::getenv(variable);
    if (!predecessor) {
        sockets.take_from_service_manager();
        if (options.background)
            if (int code = leave_terminal(); code >= 0) return code;
        if (auto ok = settle_in(); !ok) {
            say(LOG_ERR, "{}", ok.error());
            return 1;
        }
    }
    const sigset_t set = our_signals();
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    signals = Descriptor{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (predecessor) {
        std::string text = predecessor;
        ::unsetenv(variable);
        take_over(text);
    } else {
        start_child();
    }
    if (int status = 0; child > 0 && ::waitpid(child, &status, WNOHANG) == child) child_ended(status);
    while (!over) {
        pollfd ready[2] = {{signals.get(), POLLIN, 0},
                           {link.get(), POLLIN, 0}};  // a negative one is passed over
        const int count = ::poll(ready, 2, timeout(Steady::now()));
        if (count > 0 && ready[1].revents != 0) take_message();
        if (count > 0 && ready[0].revents != 0) on_signal();
        if (!over) on_time(Steady::now());
    }
    if (!options.pid_file.empty()) std::filesystem::remove(options.pid_file, error);
    return exit_code;
}

Supervisor::Supervisor(SupervisorOptions options, Serve serve)
    : impl_{std::make_unique<Impl>(std::move(options), std::move(serve))} {}
Supervisor::~Supervisor() = default;

int Supervisor::run() {
    return impl_->run();
}

}  // namespace postrider::app
