#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "imap_blocking.h"
#include "imap_client.h"
#include "modes.h"

namespace postrider::bench {
namespace {

std::vector<std::string> lines_of(const std::string& path) {
    std::ifstream file{path};
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(std::move(line));
    if (lines.empty()) throw std::runtime_error{fmt::format("no commands in '{}'", path)};
    return lines;
}

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace

/// Commands of a file, one after the other on one connection, as the answer to each is what somebody waits
/// for.
void run_imap_ask(const Options& options, Result& result) {
    auto imap = ImapOptions::from(options);
    auto commands = lines_of(options.text("commands"));
    auto select = options.text("select");
    auto repeat = options.number("repeat", 5);
    Phases phases{options.flag("phases")};
    options.reject_unused();

    BlockingImap session{imap.port, imap.address(0), imap.quoted_password()};
    if (!select.empty()) session.bulk(fmt::format("SELECT {}", select));
    std::vector<double> each, rounds;
    phases.mark("begin");
    for (std::int64_t round = 0; round < repeat; ++round) {
        for (const auto& command : commands) each.push_back(session.bulk(command).seconds * 1e6);
        const auto begin = each.end() - static_cast<std::ptrdiff_t>(commands.size());
        rounds.push_back(std::accumulate(begin, each.end(), 0.0) / static_cast<double>(commands.size()));
    }
    phases.mark("end");
    result.add("operations", static_cast<std::uint64_t>(each.size()));
    result.add("median_us", median(std::move(each)));
    result.add("median_round_us", median(std::move(rounds)));
    result.add("client_cpu_seconds", own_cpu_seconds());
}

}  // namespace postrider::bench
