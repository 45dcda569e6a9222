#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sieve/lexer.h"
#include "sieve/options.h"
#include "sieve/problem.h"

/// A script as its grammar shows it (RFC 5228 §8.2), before anybody knows what the words mean.
namespace postrider::sieve::syntax {

struct Argument {
    enum class Kind : std::uint8_t { tag, number, string, list };
    Kind kind = Kind::tag;
    Position at;
    std::uint64_t number = 0;
    std::string text;                ///< tag without colon, or the string
    std::vector<std::string> list;  ///< what stands in brackets
};

/// A command or a test.
struct Node {
    std::string name;  ///< lower case
    Position at;
    std::vector<Argument> arguments;
    std::vector<Node> tests;
    bool tests_in_parentheses = false;
    bool has_block = false;
    std::vector<Node> block;
};

struct Parsed {
    std::vector<Node> commands;
    std::vector<Problem> problems;
};

/// Goes on behind a mistake, so that a person sees more than one at a time.
Parsed parse(std::string_view script, const CompileLimits& limits);

}  // namespace postrider::sieve::syntax
