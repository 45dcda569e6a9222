#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sieve/script.h"
#include "sieve/sieve.h"
#include "sieve/syntax.h"
#include "sieve/text_template.h"
#include "sieve/tree.h"

/// From the grammar's form of a script to what runs: who means what.
namespace postrider::sieve {

class Args;
using BuildTest = std::function<TestPtr(Args&)>;
using BuildCommand = std::function<CommandPtr(Args&)>;

/// Words beside those of the language; tests of ours need some.
struct Dialect {
    std::vector<std::string> extensions;
    std::map<std::string, BuildTest, std::less<>> tests;
    std::map<std::string, BuildCommand, std::less<>> commands;
};

/// What all scripts of one compilation share.
struct Compilation {
    const Options& options;
    const Dialect* dialect = nullptr;
    Script& script;
    std::vector<Problem> problems;
    std::vector<Problem> warnings;
    std::map<std::string, std::uint32_t, std::less<>> globals;  ///< lower case
    /// Included scripts by "personal/name"; null while one is being bound: then it includes itself.
    std::map<std::string, const Unit*, std::less<>> units;
    std::uint32_t includes = 0;
    std::uint32_t depth = 0;
    std::uint32_t nodes = 0;
};

/// Thrown after a problem has been noted, to leave the command it is in; caught where commands and tests
/// begin. Never leaves this room.
struct Abandoned {};

class Binder {
public:
    Binder(Compilation& shared, std::string unit_name) : shared_{shared}, unit_name_{std::move(unit_name)} {}

    Block script(const std::vector<syntax::Node>& commands);
    Block block(const std::vector<syntax::Node>& commands);
    TestPtr test(const syntax::Node& node);

    bool has(Extension extension) const { return have_.test(bit(extension)); }
    void require(std::string_view name, Position at);
    void enable(Extension extension);
    bool allowed(Extension extension) const { return shared_.options.allowed.test(bit(extension)); }
    const Options& options() const { return shared_.options; }
    Compilation& shared() { return shared_; }
    bool compatible() const { return shared_.options.compatible; }

    [[noreturn]] void fail(ProblemKind kind, Position at, std::string text);
    void problem(ProblemKind kind, Position at, std::string text);
    void warn(Position at, std::string text);

    TextTemplate text(std::string_view source, Position at);
    /// A variable by the name that a command gives: "x" or "global.x".
    struct Variable {
        bool global = false;
        std::uint32_t index = 0;
    };
    Variable variable(std::string_view name, Position at);
    void declare_global(std::string_view name, Position at);
    std::size_t locals() const { return locals_.size(); }

    std::vector<std::string> loops;  ///< names of the loops around, "" = unnamed
    std::size_t depth = 0;           ///< of blocks

private:
    CommandPtr command(const syntax::Node& node);
    CommandPtr conditional(const std::vector<syntax::Node>& commands, std::size_t& at);
    void require_command(const syntax::Node& node);

    Compilation& shared_;
    std::string unit_name_;
    ExtensionSet have_;
    std::map<std::string, Variable, std::less<>> locals_;
    bool requires_over_ = false;
};

/// Replaces ${hex:...} and ${unicode:...} (RFC 5228 §2.4.2.4). nullopt: a character that does not exist.
std::optional<std::string> decode_characters(std::string_view text);

/// The letters of a variable's name: identifier. RFC 5229 §3.
bool is_identifier(std::string_view name);

}  // namespace postrider::sieve
