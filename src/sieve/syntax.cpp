#include "sieve/syntax.h"

#include <fmt/format.h>

#include <utility>

#include "text/ascii.h"

namespace postrider::sieve::syntax {
namespace {

class Parser {
public:
    Parser(std::string_view script, const CompileLimits& limits)
        : lexer_{script, limits.max_string}, limits_{limits} {
        advance();
    }

    Parsed run() {
        Parsed parsed;
        while (!at_end() && !given_up_) {
            commands(parsed.commands, 0);
            if (at_mark('}') && !given_up_) {
                problem(ProblemKind::parse, token_.at, "\"}\" without a \"{\"");
                advance();
            }
        }
        parsed.problems = std::move(problems_);
        return parsed;
    }

private:
    /// commands = *command
    void commands(std::vector<Node>& out, std::uint32_t depth) {
        while (!at_end() && !at_mark('}') && !given_up_) {
            Node node;
            if (command(node, depth))
                out.push_back(std::move(node));
            else
                recover(depth);
        }
    }

    /// command = identifier arguments (";" / block)
    bool command(Node& node, std::uint32_t depth) {
        if (token_.kind != Token::Kind::identifier) return expected("a command");
        if (!name(node) || !arguments(node, depth)) return false;
        if (at_mark(';')) {
            advance();
            return true;
        }
        if (!at_mark('{')) return expected(fmt::format("\";\" or a block after \"{}\"", node.name));
        if (depth >= limits_.max_depth) return too_deep();
        node.has_block = true;
        Position open = token_.at;
        advance();
        commands(node.block, depth + 1);
        if (given_up_) return true;
        if (!at_mark('}')) {
            problem(ProblemKind::parse, open, "the block that begins here does not end");
            return true;
        }
        advance();
        return true;
    }

    bool name(Node& node) {
        node.name = text::to_lower(token_.text);
        node.at = token_.at;
        if (++count_ > limits_.max_commands) {
            problem(ProblemKind::parse, node.at, fmt::format("more than {} commands and tests", limits_.max_commands));
            given_up_ = true;
            return false;
        }
        advance();
        return true;
    }

    /// arguments = *argument [ test / test-list ]
    bool arguments(Node& node, std::uint32_t depth) {
        while (!given_up_) {
            Argument argument;
            argument.at = token_.at;
            switch (token_.kind) {
            case Token::Kind::tag:
                argument.kind = Argument::Kind::tag;
                argument.text = text::to_lower(token_.text);
                break;
            case Token::Kind::number:
                argument.kind = Argument::Kind::number;
                argument.number = token_.number;
                break;
            case Token::Kind::string:
                argument.kind = Argument::Kind::string;
                argument.text = std::move(token_.text);
                break;
            case Token::Kind::mark:
                if (token_.mark == '[') {
                    if (!list(argument)) return false;
                    node.arguments.push_back(std::move(argument));
                    continue;
                }
                if (token_.mark == '(') return test_list(node, depth);
                return true;
            case Token::Kind::identifier: {
                if (depth >= limits_.max_depth) return too_deep();
                Node test;
                if (!name(test) || !arguments(test, depth + 1)) return false;
                node.tests.push_back(std::move(test));
                return true;
            }
            case Token::Kind::end: return true;
            case Token::Kind::error: return report_token();
            }
            if (node.arguments.size() >= 100) return fail("too many arguments");
            node.arguments.push_back(std::move(argument));
            advance();
        }
        return false;
    }

    /// string-list = "[" string *("," string) "]"
    bool list(Argument& argument) {
        argument.kind = Argument::Kind::list;
        advance();
        if (at_mark(']')) return fail("a list of strings cannot be empty");
        while (!given_up_) {
            if (token_.kind != Token::Kind::string) return expected("a string in the list");
            if (argument.list.size() >= limits_.max_list)
                return fail(fmt::format("more than {} strings in a list", limits_.max_list));
            argument.list.push_back(std::move(token_.text));
            advance();
            if (at_mark(',')) {
                advance();
                continue;
            }
            if (!at_mark(']')) return expected("\",\" or \"]\" in the list");
            advance();
            return true;
        }
        return false;
    }

    /// test-list = "(" test *("," test) ")"
    bool test_list(Node& node, std::uint32_t depth) {
        if (depth >= limits_.max_depth) return too_deep();
        node.tests_in_parentheses = true;
        advance();
        while (!given_up_) {
            if (token_.kind != Token::Kind::identifier) return expected("a test");
            Node test;
            if (!name(test) || !arguments(test, depth + 1)) return false;
            node.tests.push_back(std::move(test));
            if (at_mark(',')) {
                advance();
                continue;
            }
            if (!at_mark(')')) return expected("\",\" or \")\" after a test");
            advance();
            return true;
        }
        return false;
    }

    /// Behind the next ";" or block of this level, or before the "}" that ends the block around it.
    void recover(std::uint32_t depth) {
        std::uint32_t open = 0;
        while (!at_end() && !given_up_) {
            if (token_.kind == Token::Kind::mark) {
                if (token_.mark == '{') ++open;
                if (token_.mark == '}') {
                    if (open == 0) {
                        if (depth == 0) advance();  // it closes nothing
                        return;
                    }
                    if (--open == 0) {
                        advance();
                        return;
                    }
                }
                if (token_.mark == ';' && open == 0) {
                    advance();
                    return;
                }
            }
            advance();
        }
    }

    bool at_end() const { return token_.kind == Token::Kind::end; }
    bool at_mark(char c) const { return token_.kind == Token::Kind::mark && token_.mark == c; }

    void advance() { token_ = lexer_.next(); }

    bool report_token() {
        problem(ProblemKind::syntax, token_.at, token_.text);
        return false;
    }
    bool expected(std::string_view what) {
        if (token_.kind == Token::Kind::error) return report_token();
        return fail(fmt::format("expected {}, found {}", what, shown()));
    }
    bool fail(std::string what) {
        problem(ProblemKind::parse, token_.at, std::move(what));
        return false;
    }
    bool too_deep() {
        fail(fmt::format("nested deeper than {}", limits_.max_depth));
        given_up_ = true;
        return false;
    }
    std::string shown() const {
        switch (token_.kind) {
        case Token::Kind::identifier: return fmt::format("\"{}\"", token_.text.substr(0, 40));
        case Token::Kind::tag: return fmt::format("\":{}\"", token_.text.substr(0, 40));
        case Token::Kind::number: return "a number";
        case Token::Kind::string: return "a string";
        case Token::Kind::mark: return fmt::format("\"{}\"", token_.mark);
        case Token::Kind::end: return "the end of the script";
        case Token::Kind::error: break;
        }
        return token_.text;
    }
    void problem(ProblemKind kind, Position at, std::string text) {
        if (problems_.size() >= limits_.max_errors) {
            given_up_ = true;
            return;
        }
        problems_.push_back({kind, at.line, at.column, std::move(text)});
    }

    Lexer lexer_;
    const CompileLimits& limits_;
    Token token_;
    std::uint32_t count_ = 0;
    bool given_up_ = false;
    std::vector<Problem> problems_;
};

}  // namespace

Parsed parse(std::string_view script, const CompileLimits& limits) {
    if (script.size() > limits.max_script) {
        Parsed parsed;
        parsed.problems.push_back(
            {ProblemKind::parse, 1, 1, fmt::format("the script is longer than {} octets", limits.max_script)});
        return parsed;
    }
    // A byte order mark, which some editors leave, says nothing in UTF-8.
    if (script.starts_with("\xef\xbb\xbf")) script.remove_prefix(3);
    return Parser{script, limits}.run();
}

}  // namespace postrider::sieve::syntax
