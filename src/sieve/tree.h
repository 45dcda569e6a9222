#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a script becomes when it is compiled: commands and tests that run by themselves.
namespace postrider::sieve {

class Machine;

class TestNode {
public:
    virtual ~TestNode() = default;
    virtual bool holds(Machine& machine) const = 0;

    std::uint32_t script_line = 0;
    std::string_view word;            ///< of the grammar's table
    std::optional<bool> known;        ///< what it is for every message (true, false, ihave)
};
using TestPtr = std::unique_ptr<TestNode>;

class CommandNode {
public:
    virtual ~CommandNode() = default;
    virtual void run(Machine& machine) const = 0;

    std::uint32_t script_line = 0;
};
using CommandPtr = std::unique_ptr<CommandNode>;
using Block = std::vector<CommandPtr>;

/// One script, with what it includes beside it. Names of variables have become numbers.
struct Unit {
    Block commands;
    std::size_t locals = 0;
    std::string name;  ///< "" for the script itself
};

}  // namespace postrider::sieve
