// The load generator of the whole-server benchmark: one mode per run, one line of JSON as the result.

#include <fmt/core.h>
#include <sys/resource.h>

#include <csignal>
#include <exception>

#include "modes.h"

namespace {

using namespace postrider::bench;

struct Mode {
    const char* name;
    void (*run)(const Options&, Result&);
};

constexpr Mode modes[] = {
    {"smtp", run_smtp},         {"visible", run_watch},     {"idle", run_watch}, {"imap-list", run_imap_list},
    {"imap-ask", run_imap_ask}, {"imap-mix", run_imap_mix}, {"pop3", run_pop3},  {"login", run_login},
};

void raise_file_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    Options options{argc, argv};
    for (const auto& mode : modes) {
        if (options.mode() != mode.name) continue;
        Result result;
        result.add("mode", mode.name);
        try {
            mode.run(options, result);
        } catch (const std::exception& error) {
            result.add("failed", std::string_view{error.what()});
            fmt::print("{}\n", result.line());
            return 1;
        }
        fmt::print("{}\n", result.line());
        return 0;
    }
    fmt::print(stderr, "loadgen: there is no mode '{}'; modes are", options.mode());
    for (const auto& mode : modes) fmt::print(stderr, " {}", mode.name);
    fmt::print(stderr, "\n");
    return 2;
}
