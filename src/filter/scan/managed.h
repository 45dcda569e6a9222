#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "filter/scan/child.h"
#include "filter/scan/connector.h"

namespace postrider::filter {

/// A program that the server starts and keeps: it reads messages from its standard input, one after the
/// other, and answers each on its standard output. What it gets for a message:
///
///     MESSAGE 1234                octets of the message
///     id: 20D2FB                  and sender, recipient (several), client, helo, authenticated
///                                 an empty line, then the message
///
/// and what it answers:
///
///     PASS nothing found          or MATCH, or ERROR: it could not tell
///     spam-level: 8               and virus-level, header: as a program of one message prints them
///                                 an empty line
///
/// Its parameters are in its environment as FILTER_name. One that talks nonsense, is silent for too long or
/// ends is stopped, and the next message starts another.
class ManagedConnector final : public Connector {
public:
    struct Options {
        std::vector<std::string> words;
        std::vector<std::pair<std::string, std::string>> parameters;
        std::chrono::milliseconds whole{120'000};  ///< for one message
        unsigned processes = 4;
        observe::Logger log;
    };
    explicit ManagedConnector(Options options) : options_{std::move(options)} {}
    Maybe<Finding> ask(const Subject& subject) override;
    Maybe<> ping() override;

private:
    Maybe<Finding> exchange(Child& child, const Subject& subject, const Patience& patience);

    const Options options_;
    std::mutex mutex_;
    std::condition_variable freed_;
    std::vector<Child> idle_;
    unsigned running_ = 0;  ///< with those that are idle
};

/// Its answer, the empty line at the end left out. Trouble: it is none.
Maybe<Finding> parse_managed_answer(std::string_view answer);

}  // namespace postrider::filter
