#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sieve/action.h"
#include "sieve/environment.h"
#include "sieve/message.h"
#include "sieve/options.h"
#include "sieve/problem.h"

/// The mail filtering language (RFC 5228 and what extends it): a script is compiled once and run on many
/// messages, by several threads if need be.
namespace postrider::sieve {

class Script;  ///< compiled; immutable

struct Compiled {
    std::shared_ptr<const Script> script;
    std::vector<Problem> warnings;
};

/// Never throws for what a script says. Errors come in the order of the text, at most
/// CompileLimits::max_errors.
std::expected<Compiled, std::vector<Problem>> compile(std::string_view text, const Options& options = {});

/// The extensions that the script has required.
ExtensionSet required(const Script& script);

/// Something to be remembered once the message is dealt with: a message seen (RFC 7352).
struct Mark {
    std::string key;
    std::chrono::seconds lifetime{0};
};

struct TraceLine {
    std::uint32_t line = 0;
    std::string text;
};

struct Result {
    /// In the order in which they are to be done. Never empty unless all was discarded or rejected: the
    /// implicit keep is among them. After a runtime error: the implicit keep alone.
    std::vector<Action> actions;
    std::vector<Version> versions;  ///< [0] is the message unchanged
    std::vector<Mark> marks;
    bool implicit_keep = true;      ///< nothing has cancelled it
    std::optional<Problem> error;   ///< runtime error, to be told to the owner
    std::vector<Problem> warnings;  ///< found while it ran
    std::vector<TraceLine> trace;   ///< why: one line for each action (and test that held)
    std::uint32_t steps = 0;
};

/// Runs a script on a message. Pure but for what `environment` does; `message` is left as edited.
Result run(const Script& script, Message& message, Environment& environment, const RunLimits& limits = {});

}  // namespace postrider::sieve
