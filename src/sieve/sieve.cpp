#include "sieve/sieve.h"

#include <algorithm>

#include "sieve/binder.h"
#include "sieve/compile.h"
#include "sieve/machine.h"
#include "sieve/syntax.h"

namespace postrider::sieve {

std::expected<Compiled, std::vector<Problem>> compile(std::string_view text, const Options& options,
                                                      const Dialect* dialect) {
    syntax::Parsed parsed = syntax::parse(text, options.limits);
    auto script = std::make_shared<Script>();
    script->compatible = options.compatible;
    Compilation shared{.options = options, .dialect = dialect, .script = *script};
    shared.problems = std::move(parsed.problems);
    Binder binder{shared, ""};
    script->main = std::make_unique<Unit>();
    script->main->commands = binder.script(parsed.commands);
    script->main->locals = binder.locals();
    if (!shared.problems.empty()) {
        std::stable_sort(shared.problems.begin(), shared.problems.end(), [](const Problem& a, const Problem& b) {
            return a.line != b.line ? a.line < b.line : a.column < b.column;
        });
        return std::unexpected(std::move(shared.problems));
    }
    return Compiled{std::move(script), std::move(shared.warnings)};
}

std::expected<Compiled, std::vector<Problem>> compile(std::string_view text, const Options& options) {
    return compile(text, options, nullptr);
}

ExtensionSet required(const Script& script) {
    return script.required;
}

Result run(const Script& script, Message& message, Environment& environment, const RunLimits& limits) {
    Machine machine{script, message, environment, limits};
    try {
        machine.run_unit(*script.main);
        return machine.finish();
    } catch (const RunError& error) {
        return machine.finish_with(error.text);
    }
}

}  // namespace postrider::sieve
