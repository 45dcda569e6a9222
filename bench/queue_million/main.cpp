// A queue with very many messages: what it costs in memory and time.
//
//     queue_million [--messages 1000000] [--destinations 1000000] [--directory DIR]
//
// Puts deferred messages into a fresh store (or takes those that DIR has), opens it as the server does, and
// prints the time of the start, of listing and of filtering, and the resident memory after each step.

#include <fmt/core.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <random>

#include "admin/operation.h"
#include "app/server.h"
#include "delivery/virtual_queues.h"
#include "queue/queue.h"

using namespace postrider;
namespace fs = std::filesystem;

namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double resident_mb() {
    std::ifstream in{"/proc/self/statm"};
    std::size_t total = 0, resident = 0;
    in >> total >> resident;
    return static_cast<double>(resident) * 4096 / (1 << 20);
}

void row(std::string_view what, double seconds, const std::string& result) {
    fmt::print("{:<44} {:>9.3f} s {:>8.0f} MB   {}\n", what, seconds, resident_mb(), result);
    std::fflush(stdout);
}

std::unique_ptr<app::Server> open(const fs::path& directory) {
    app::ServerOptions options;
    options.directory = directory;
    options.network = false;
    auto server = app::Server::open(std::move(options));
    if (!server) {
        fmt::print(stderr, "{}\n", server.error());
        std::exit(1);
    }
    return std::move(*server);
}

queue::Entry entry(std::uint64_t number, std::uint64_t destinations, Time now, std::mt19937_64& random) {
    queue::Entry e;
    e.id = QueueId{number};
    e.blob = BlobId{number};
    e.size = static_cast<std::uint32_t>(500 + random() % 100'000);
    e.envelope.reverse_path = {fmt::format("sender{}", random() % 10'000), "example.org"};
    e.envelope.arrival = now - std::chrono::seconds{random() % 100'000};
    e.envelope.client = "192.0.2.25";
    e.envelope.helo = "client.example.org";
    e.envelope.authenticated = e.envelope.reverse_path.text();
    queue::Recipient r;
    r.destination = fmt::format("d{}.example.net", number % destinations);
    r.address = {fmt::format("user{}", number), r.destination};
    r.attempts = 1 + static_cast<std::uint32_t>(random() % 5);
    r.last_attempt = queue::full_seconds(now);
    r.next_attempt = queue::full_seconds(now) + std::chrono::seconds{3600 + random() % 20'000};
    r.status = "4.4.1";
    r.diagnostic = fmt::format("connect to mx.{}: Connection timed out", r.destination);
    e.envelope.recipients.push_back(std::move(r));
    e.plan(now);
    return e;
}

void fill(const fs::path& directory, std::uint64_t messages, std::uint64_t destinations) {
    auto server = open(directory);
    auto begin = std::chrono::steady_clock::now();
    std::mt19937_64 random{1};
    const Time now = std::chrono::system_clock::now();
    for (std::uint64_t number = 1; number <= messages;) {
        kv::Batch batch;
        for (int i = 0; i < 1000 && number <= messages; ++i, ++number)
            queue::Queue::add(entry(number, destinations, now, random), batch);
        if (auto ok = server->queue().kv().write(std::move(batch)); !ok) {
            fmt::print(stderr, "{}\n", ok.error().what);
            std::exit(1);
        }
    }
    row(fmt::format("fill: {} messages, {} destinations", messages, destinations), seconds_since(begin), "");
}

void operation(app::Server& server, const char* name, const admin::Json& arguments) {
    auto begin = std::chrono::steady_clock::now();
    auto result = admin::run(server.admin_context(), name, arguments, [](std::string_view, int) {});
    const double took = seconds_since(begin);
    std::string found = "error";
    if (result) {
        if (result->contains("count")) found = fmt::format("{} found", (*result)["count"].dump());
        for (const char* rows : {"messages", "destinations"})
            if (result->contains(rows) && (*result)[rows].is_array())
                found = fmt::format("{} rows", (*result)[rows].size());
    }
    row(fmt::format("{} {}", name, arguments.dump()), took, found);
}

void measure(const fs::path& directory) {
    auto begin = std::chrono::steady_clock::now();
    auto server = open(directory);
    row("start", seconds_since(begin), "");
    using admin::Json;
    operation(*server, "queue list", Json{{"limit", 1000}});
    operation(*server, "queue list", Json{{"count", true}});
    operation(*server, "queue list", Json{{"sender", "sender77@*"}});
    operation(*server, "queue list", Json{{"recipient", "user999999@"}});
    operation(*server, "queue list", Json{{"failure", "no such words"}});
    operation(*server, "queue list", Json{{"larger", "99K"}, {"older", "1d"}, {"count", true}});
    operation(*server, "queue destinations", Json{{"limit", 1000}});
    operation(*server, "queue destinations", Json{{"destination", "d424242."}});
    begin = std::chrono::steady_clock::now();
    if (auto counted = server->queue().count_all(); !counted) std::exit(1);
    row("count at start (in the background)", seconds_since(begin),
        fmt::format("{}", server->queue().size()));

    // What a sender sees when it all becomes due.
    ManualClock clock{std::chrono::system_clock::now() + std::chrono::hours{24}};
    observe::Metrics metrics;
    delivery::VirtualQueues queues{server->queue(), clock, observe::Logger{}, metrics, {}, {}};
    begin = std::chrono::steady_clock::now();
    std::size_t taken = 0, consigned = 0;
    for (int i = 0; i < 100; ++i) {
        const auto names = queues.take_destinations(100);
        for (const std::string& name : names) {
            for (const auto& one : queues.take(name, 10)) {
                ++consigned;
                queues.settle(one, {});
            }
            queues.leave(name);
        }
        taken += names.size();
    }
    row(fmt::format("take and leave {} destinations", taken), seconds_since(begin),
        fmt::format("{} messages", consigned));
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App options{"A queue with very many messages: what it costs in memory and time"};
    std::uint64_t messages = 1'000'000, destinations = 1'000'000;
    std::string directory;
    options.add_option("--messages", messages, "Messages")->capture_default_str();
    options.add_option("--destinations", destinations, "Destinations they wait for")->capture_default_str();
    options.add_option("--directory", directory, "Where; kept. Without it in a temporary directory");
    CLI11_PARSE(options, argc, argv);
    fs::path path = directory.empty() ? fs::temp_directory_path() / fmt::format("queue-million-{}", getpid())
                                      : fs::path{directory};
    const bool there = fs::exists(path / "kv");
    if (!there) fill(path, messages, destinations);
    measure(path);
    if (directory.empty()) fs::remove_all(path);
    return 0;
}
