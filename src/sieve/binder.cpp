#include "sieve/binder.h"

#include <fmt/format.h>

#include <algorithm>

#include "sieve/args.h"
#include "sieve/control.h"
#include "sieve/words.h"
#include "text/ascii.h"

namespace postrider::sieve {

void Binder::problem(ProblemKind kind, Position at, std::string text) {
    if (!unit_name_.empty()) text = fmt::format("in \"{}\": {}", unit_name_, text);
    if (shared_.problems.size() < shared_.options.limits.max_errors)
        shared_.problems.push_back({kind, at.line, at.column, std::move(text)});
}

void Binder::fail(ProblemKind kind, Position at, std::string text) {
    problem(kind, at, std::move(text));
    throw Abandoned{};
}

void Binder::warn(Position at, std::string text) {
    if (!unit_name_.empty()) text = fmt::format("in \"{}\": {}", unit_name_, text);
    if (shared_.warnings.size() < 100)
        shared_.warnings.push_back({ProblemKind::warning, at.line, at.column, std::move(text)});
}

void Binder::enable(Extension extension) {
    have_.set(bit(extension));
    shared_.script.required.set(bit(extension));
    // RFC 6131 §2, RFC 5235 §2.2: the larger one includes the smaller one.
    if (extension == Extension::vacation_seconds) have_.set(bit(Extension::vacation));
    if (extension == Extension::spamtestplus) have_.set(bit(Extension::spamtest));
}

void Binder::require(std::string_view name, Position at) {
    if (shared_.dialect != nullptr)
        for (const std::string& known : shared_.dialect->extensions)
            if (known == name) return;
    auto extension = find_extension(name);
    if (!extension || !allowed(*extension))
        return problem(ProblemKind::semantic, at, fmt::format("there is no extension \"{}\" here", name));
    enable(*extension);
}

/// RFC 5228 §3.2.
void Binder::require_command(const syntax::Node& node) {
    if (requires_over_)
        return problem(ProblemKind::semantic, node.at, "\"require\" must stand before all other commands");
    if (node.arguments.size() != 1 || !node.tests.empty() || node.tests_in_parentheses || node.has_block)
        return problem(ProblemKind::semantic, node.at, "\"require\" takes one list of names");
    const syntax::Argument& argument = node.arguments.front();
    if (argument.kind == syntax::Argument::Kind::string)
        require(argument.text, argument.at);
    else if (argument.kind == syntax::Argument::Kind::list)
        for (const std::string& name : argument.list) require(name, argument.at);
    else
        problem(ProblemKind::semantic, argument.at, "\"require\" takes one list of names");
}

Block Binder::script(const std::vector<syntax::Node>& commands) {
    std::size_t at = 0;
    while (at < commands.size() && commands[at].name == "require") require_command(commands[at++]);
    requires_over_ = true;
    return block(commands);
}

Block Binder::block(const std::vector<syntax::Node>& commands) {
    Block block;
    bool top = depth == 0;
    ++depth;
    bool leading = top;
    for (std::size_t at = 0; at < commands.size();) {
        if (shared_.problems.size() >= shared_.options.limits.max_errors) break;
        const syntax::Node& node = commands[at];
        if (++shared_.nodes > shared_.options.limits.max_commands) {
            problem(ProblemKind::parse, node.at, "too many commands with those of included scripts");
            break;
        }
        if (leading && node.name == "require") {
            ++at;
            continue;
        }
        leading = false;
        CommandPtr made;
        try {
            made = node.name == "if" ? conditional(commands, at) : command(commands[at++]);
        } catch (const Abandoned&) {
            continue;
        }
        if (!made) continue;
        if (made->script_line == 0) made->script_line = node.at.line;
        block.push_back(std::move(made));
    }
    --depth;
    return block;
}

CommandPtr Binder::command(const syntax::Node& node) {
    if (node.name == "require") {
        require_command(node);
        return nullptr;
    }
    if (node.name == "elsif" || node.name == "else")
        fail(ProblemKind::semantic, node.at, fmt::format("\"{}\" must follow \"if\" or \"elsif\"", node.name));
    Args args{*this, node};
    if (shared_.dialect != nullptr) {
        auto own = shared_.dialect->commands.find(node.name);
        if (own != shared_.dialect->commands.end()) return own->second(args);
    }
    const CommandWord* word = find_command(node.name);
    if (word == nullptr || !(allowed(word->need) || word->need == Extension::none)) {
        fail(ProblemKind::semantic, node.at,
             fmt::format("there is no command \"{}\"{}", node.name,
                         find_test(node.name) != nullptr ? ": it is a test" : ""));
    }
    if (word->need != Extension::none && !has(word->need)
        && !(word->or_need != Extension::none && has(word->or_need)))
        fail(ProblemKind::semantic, node.at,
             fmt::format("\"{}\" needs: require \"{}\"", node.name, name_of(word->need)));
    return word->build(args);
}

TestPtr Binder::test(const syntax::Node& node) {
    try {
        ++shared_.nodes;
        Args args{*this, node};
        TestPtr made;
        if (shared_.dialect != nullptr) {
            auto own = shared_.dialect->tests.find(node.name);
            if (own != shared_.dialect->tests.end()) made = own->second(args);
        }
        if (!made) {
            const TestWord* word = find_test(node.name);
            if (word == nullptr || !(allowed(word->need) || word->need == Extension::none))
                fail(ProblemKind::semantic, node.at,
                     fmt::format("there is no test \"{}\"{}", node.name,
                                 find_command(node.name) != nullptr ? ": it is a command" : ""));
            if (word->need != Extension::none && !has(word->need)
                && !(word->or_need != Extension::none && has(word->or_need)))
                fail(ProblemKind::semantic, node.at,
                     fmt::format("\"{}\" needs: require \"{}\"", node.name, name_of(word->need)));
            made = word->build(args);
            if (made) made->word = word->name;
        }
        if (made) made->script_line = node.at.line;
        return made;
    } catch (const Abandoned&) {
        return nullptr;
    }
}

/// "if" with the "elsif" and "else" behind it. RFC 5228 §3.1.
CommandPtr Binder::conditional(const std::vector<syntax::Node>& commands, std::size_t& at) {
    auto made = std::make_unique<If>();
    made->script_line = commands[at].at.line;
    bool reachable = true;  // what can never be reached may use what there is not (RFC 5463 §4)
    bool first = true;
    while (at < commands.size()) {
        const syntax::Node& node = commands[at];
        bool is_else = node.name == "else";
        if (!first && !is_else && node.name != "elsif") break;
        first = false;
        ++at;
        ++shared_.nodes;
        try {
            Args args{*this, node};
            If::Branch branch;
            branch.line = node.at.line;
            if (!reachable) {
                if (is_else) break;
                continue;
            }
            if (!is_else) branch.test = args.only_test();
            bool never = branch.test && branch.test->known == false;
            bool always = is_else || (branch.test && branch.test->known == true);
            if (!node.has_block) args.block();  // says that it lacks one
            if (!never) branch.block = args.block();
            if (!never) {
                args.done();
                made->branches.push_back(std::move(branch));
            }
            if (always) reachable = false;
        } catch (const Abandoned&) {
        }
        if (is_else) break;
    }
    return made;
}

}  // namespace postrider::sieve
