#include <fmt/format.h>

#include "sieve/machine.h"
#include "sieve/syntax.h"
#include "sieve/words.h"
#include "text/utf8.h"

/// include, return, global. RFC 6609.
namespace postrider::sieve {
namespace {

class Include final : public CommandNode {
public:
    void run(Machine& machine) const override {
        if (unit == nullptr) {
            if (!optional) machine.fail(fmt::format("there is no script \"{}\" to include", name));
            return;
        }
        // RFC 6609 §3.2: with :once a script that was included already is not run again.
        bool first = machine.once(unit);
        if (once && !first) return;
        if (machine.include_depth >= machine.limits().max_steps) return;
        ++machine.include_depth;
        machine.run_unit(*unit);
        --machine.include_depth;
    }
    const Unit* unit = nullptr;
    std::string name;
    bool once = false, optional = false;
};

class Return final : public CommandNode {
public:
    void run(Machine& machine) const override { machine.set_flow(Machine::Flow::leave_unit); }
};

/// It has done its work when the script was compiled.
class Nothing final : public CommandNode {
public:
    void run(Machine&) const override {}
};

/// RFC 6609 §3.2: no path, no control characters; like names of ManageSieve (RFC 5804 §1.6).
bool is_script_name(std::string_view name) {
    if (name.empty() || name.size() > 512 || !text::valid_utf8(name) || name == "." || name == "..")
        return false;
    for (std::string_view rest = name; !rest.empty();) {
        char32_t c = text::take_code_point(rest);
        if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == '/') return false;
    }
    return true;
}

/// Compiles the included script, or finds it compiled.
const Unit* bind_unit(Args& args, Location location, const std::string& name, bool optional, bool once) {
    Binder& binder = args.binder();
    Compilation& shared = binder.shared();
    const Options& options = binder.options();
    if (++shared.includes > options.limits.max_includes)
        args.fail(ProblemKind::validation, fmt::format("more than {} includes", options.limits.max_includes));
    std::string key = (location == Location::personal ? "p/" : "g/") + name;
    if (auto known = shared.units.find(key); known != shared.units.end()) {
        // With :once the second time does nothing, so that it may.
        if (!known->second.complete && !once)
            args.wrong(fmt::format("the script \"{}\" includes itself", name));
        return known->second.unit;
    }
    if (shared.depth >= options.limits.max_include_depth)
        args.fail(ProblemKind::validation,
                  fmt::format("scripts include each other deeper than {}", options.limits.max_include_depth));
    std::optional<std::string> text;
    if (options.find_script) text = options.find_script(location, name);
    if (!text) {
        if (!optional && options.includes_must_exist)
            args.wrong(fmt::format("there is no script \"{}\" to include", name));
        if (!optional) binder.warn(args.last_at(), fmt::format("there is no script \"{}\" to include", name));
        return nullptr;
    }

    // What is included counts by its size too, so that all together stay within a script's measure.
    shared.nodes += static_cast<std::uint32_t>(text->size() / 64);
    if (shared.nodes > options.limits.max_commands)
        args.fail(ProblemKind::parse, "the included scripts are too large together");
    shared.script.included.push_back(std::make_unique<Unit>());
    Unit* unit = shared.script.included.back().get();
    unit->name = name;
    shared.units[key] = {unit, false};
    ++shared.depth;
    std::size_t problems = shared.problems.size();
    syntax::Parsed parsed = syntax::parse(*text, options.limits);
    Binder inner{shared, name};
    for (const Problem& problem : parsed.problems)
        inner.problem(problem.kind, {problem.line, problem.column}, problem.text);
    unit->commands = inner.script(parsed.commands);
    unit->locals = inner.locals();
    --shared.depth;
    shared.units[key].complete = true;
    if (shared.problems.size() > problems)
        args.wrong(fmt::format("the included script \"{}\" has errors", name));
    return unit;
}

}  // namespace

CommandPtr build_include(Args& args) {
    auto made = std::make_unique<Include>();
    auto location = args.one_of({"personal", "global"});
    made->once = args.flag("once");
    made->optional = args.flag("optional");
    TextTemplate name = args.text();
    if (!name.constant()) args.wrong("the name of a script to include cannot have variables in it");
    made->name = name.source();
    if (!is_script_name(made->name)) args.invalid(fmt::format("\"{}\" is no name of a script", made->name));
    args.done();
    Location where = location == 1 ? Location::global : Location::personal;
    made->unit = bind_unit(args, where, made->name, made->optional, made->once);
    return made;
}

CommandPtr build_return(Args& args) {
    args.done();
    return std::make_unique<Return>();
}

CommandPtr build_global(Args& args) {
    if (!args.binder().has(Extension::variables)) args.wrong("\"global\" needs: require \"variables\"");
    TextList names = args.list();
    args.done();
    for (const TextTemplate& name : names) {
        if (!name.constant()) args.wrong("the name of a variable must be constant");
        args.binder().declare_global(name.source(), args.last_at());
    }
    return std::make_unique<Nothing>();
}

}  // namespace postrider::sieve
