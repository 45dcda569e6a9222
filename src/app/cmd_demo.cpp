#include <fmt/core.h>
#include <signal.h>

#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/demo.h"

namespace postrider::app {
namespace {

/// Blocks the signals that end the server in every thread made from here on.
sigset_t block_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (int signal : {SIGINT, SIGTERM, SIGQUIT}) sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    return set;
}

void wait_for(const sigset_t& set) {
    int signal = 0;
    sigwait(&set, &signal);
}

int fail(const std::string& what) {
    fmt::print(stderr, "postrider: {}\n", what);
    return 1;
}

struct DemoArguments {
    DemoOptions options;
    bool json = false;
};

int demo(const DemoArguments& arguments) {
    sigset_t signals = block_signals();
    auto demo = Demo::open(arguments.options);
    if (!demo) return fail(demo.error());
    demo->server().start();
    fmt::print("{}\n", arguments.json ? demo->json() : demo->text());
    std::fflush(stdout);
    wait_for(signals);
    demo->server().stop();
    return 0;
}

}  // namespace

void add_demo_command(CommandLine& line) {
    auto& d = line.keep<DemoArguments>();
    auto* demo_command = line.app.add_subcommand(
        "demo", "Run a server to try out: domain example.org, accounts alice, bob, carol");
    auto* demo_data =
        demo_command
            ->add_option("--data", d.options.directory, "Directory of the data; kept for the next run")
            ->capture_default_str();
    demo_command
        ->add_option("--port-base", d.options.port_base,
                     "Ports are this plus the usual ones (IMAP: base + 143); 0: any free ports")
        ->capture_default_str();
    demo_command->add_option("--users", d.options.users, "Further accounts: user0, user1, ...")
        ->check(CLI::Range(0u, 1'000'000u));
    demo_command->add_flag("--json", d.json, "Print ports and accounts as one line of JSON");
    demo_command->callback([&line, &d, demo_data] {
        if (demo_data->count() == 0 && line.app.get_option("--data")->count() != 0)
            d.options.directory = line.data;
        d.json = d.json || line.json;
        line.exit_code = demo(d);
    });
}

}  // namespace postrider::app
