#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "corpus.h"
#include "imap_blocking.h"
#include "imap_client.h"
#include "modes.h"

namespace postrider::bench {

namespace {

void fill(BlockingImap& session, const std::string& folder, std::uint64_t wanted, std::uint64_t seed,
          Result& result) {
    auto begun = Clock::now();
    session.try_command(fmt::format("CREATE {}", folder));
    auto there = session.messages(folder);
    MixedMessages source{seed};
    auto missing = wanted > there ? wanted - there : 0;
    std::uint64_t octets = 0;
    for (auto left = missing; left > 0;) {
        std::vector<std::string> group;
        for (; group.size() < 500 && left > 0; --left) {
            group.push_back(source.next(1000));
            octets += group.back().size();
        }
        session.append(folder, group);
    }
    result.add("filled", missing);
    result.add("filled_octets", octets);
    result.add("fill_seconds", std::chrono::duration<double>(Clock::now() - begun).count());
}

}  // namespace

void run_imap_list(const Options& options, Result& result) {
    auto imap = ImapOptions::from(options);
    auto messages = static_cast<std::uint64_t>(options.number("messages", 100'000));
    auto folder = options.text("folder", "Listed");
    auto repeat = options.number("repeat", 5);
    auto seed = static_cast<std::uint64_t>(options.number("seed", 1));
    auto items = options.text("items", "UID FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE");
    Phases phases{options.flag("phases")};
    options.reject_unused();

    {
        BlockingImap filler{imap.port, imap.address(0), imap.quoted_password()};
        fill(filler, folder, messages, seed, result);
    }
    auto words = fmt::format("FETCH 1:* ({})", items);
    BlockingImap session{imap.port, imap.address(0), imap.quoted_password()};
    phases.mark("begin");
    auto select = session.bulk(fmt::format("SELECT {}", folder));
    auto first = session.bulk(words);
    if (first.lines < messages)
        throw std::runtime_error{fmt::format("{} lines for {} messages", first.lines, messages)};
    std::vector<double> warm;
    for (std::int64_t i = 0; i < repeat; ++i) warm.push_back(session.bulk(words).seconds);
    phases.mark("end");
    std::sort(warm.begin(), warm.end());

    BlockingImap another{imap.port, imap.address(0), imap.quoted_password()};
    another.bulk(fmt::format("SELECT {}", folder));
    auto again = another.bulk(words);

    result.add("messages", messages);
    result.add("octets", first.octets);
    result.add("select_seconds", select.seconds);
    result.add("first_seconds", first.seconds);
    if (!warm.empty()) {
        result.add("warm_seconds", warm[warm.size() / 2]);
        result.add("warm_best_seconds", warm.front());
    }
    result.add("new_session_seconds", again.seconds);
}

}  // namespace postrider::bench
