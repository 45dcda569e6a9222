#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

/// The text of a policy (smtpFilters.script) and the tree it means:
///
///     script    := { "event" EVENT block | "method" NAME block }     "#" begins a comment
///     block     := "{" { statement } "}"
///     statement := "set" "(" NAME "," STRING ")" ";"  |  "call" "(" NAME ")" ";"
///                | "if" "(" condition ")" block [ "else" ( block | if-statement ) ]
///     condition := ("anyOf" | "allOf") "(" condition { "," condition } ")"  |  "not" "(" condition ")"
///                | COMPARATOR "(" NAME "," STRING ")"
///
/// Words are the same in any case. Strings stand in double quotes and may hold line ends, \" and \\.
namespace postrider::policy {

enum class Comparator : std::uint8_t {
    is,
    is_case,
    greater_than,
    less_than,
    ip_range,
    contains,
    contains_case,
    matches,
    matches_case,
    begins_with,
    ends_with,
};
std::string_view name(Comparator comparator);  ///< as scripts write it

struct Condition {
    enum class Kind : std::uint8_t { any, all, negated, compare };
    Kind kind = Kind::compare;
    std::vector<Condition> parts;  ///< of any, all, negated (one)
    Comparator comparator{};
    std::string variable, value;
    std::uint32_t line = 0;
    friend bool operator==(const Condition& a, const Condition& b) {
        return a.kind == b.kind && a.parts == b.parts && a.comparator == b.comparator
               && a.variable == b.variable && a.value == b.value;
    }
};

struct Statement {
    enum class Kind : std::uint8_t { set, call, branch };
    Kind kind = Kind::set;
    std::string name, value;  ///< of set; call has only the name
    Condition condition;      ///< of branch, as are:
    std::vector<Statement> then, otherwise;
    std::uint32_t line = 0;
    friend bool operator==(const Statement& a, const Statement& b) {
        return a.kind == b.kind && a.name == b.name && a.value == b.value && a.condition == b.condition
               && a.then == b.then && a.otherwise == b.otherwise;
    }
};

struct Block {
    bool is_event = false;
    std::string name;
    std::vector<Statement> body;
    std::uint32_t line = 0;
    friend bool operator==(const Block& a, const Block& b) {
        return a.is_event == b.is_event && a.name == b.name && a.body == b.body;
    }
};

struct Script {
    std::vector<Block> blocks;
    friend bool operator==(const Script&, const Script&) = default;
};

struct Problem {
    std::uint32_t line = 0;  ///< from 1
    std::string text;        ///< what is wrong, one sentence without a full stop
    std::string sentence() const { return "line " + std::to_string(line) + ": " + text; }
};

struct Limits {
    static constexpr std::size_t script = 4 << 20;  ///< octets
    static constexpr std::size_t blocks = 10'000;   ///< events and methods
    static constexpr std::size_t name = 128;        ///< octets
    static constexpr std::size_t string = 65'536;   ///< octets
    static constexpr unsigned depth = 32;           ///< of blocks and of conditions in one another
};

/// Fails at the first mistake. Never throws.
std::expected<Script, Problem> parse(std::string_view text);

/// The text that parse() reads as the same tree; strings are escaped, so comments are all that is lost.
std::string write(const Script& script);

}  // namespace postrider::policy
