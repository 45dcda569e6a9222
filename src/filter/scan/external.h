#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "filter/scan/connector.h"

namespace postrider::filter {

/// A command's words: blanks separate, double and single quotes keep together, a backslash takes the next
/// character as it is (not within single quotes). Nothing when a quote is open at the end, the first word is
/// no full path, or there are more than 100.
std::optional<std::vector<std::string>> command_words(std::string_view command);

/// What a program's end means: `code` is its exit code, `output` what it has printed. The first line is the
/// text; lines "spam-level: 8", "virus-level: 5" and "header: Name: value" behind it go with the finding.
Maybe<Finding> parse_program_verdict(int code, std::string_view output);

/// A program that is started for each message: the message on its standard input, the envelope in its
/// environment, nothing else of ours: no files, no signals, no variables.
class ExternalConnector final : public Connector {
public:
    struct Options {
        std::vector<std::string> words;
        std::vector<std::pair<std::string, std::string>> parameters;  ///< become FILTER_name
        std::chrono::milliseconds whole{3'600'000};
        unsigned processes = 4;
        observe::Logger log;
    };
    explicit ExternalConnector(Options options) : options_{std::move(options)} {}
    Maybe<Finding> ask(const Subject& subject) override;
    /// The program is there and may be executed.
    Maybe<> ping() override;

private:
    Maybe<Finding> run(const Subject& subject, const Patience& patience);

    const Options options_;
    std::mutex mutex_;
    std::condition_variable freed_;
    unsigned running_ = 0;
};

}  // namespace postrider::filter
