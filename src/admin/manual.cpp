#include "admin/manual.h"

#include <fmt/core.h>

#include "admin/operation.h"

namespace postrider::admin {
namespace {

constexpr std::string_view introduction =
    "# Commands\n"
    "\n"
    "Made from the table of operations by `postrider help --markdown`; do not edit. How commands find the "
    "server and "
    "its data: [administration.md](administration.md).\n"
    "\n"
    "    postrider [--data DIR] [--json] [--progress] COMMAND\n"
    "\n"
    "Arguments in capitals are required, those in brackets are not. Over the control socket the same "
    "operation has the "
    "same name, and arguments are called as here, in lower case and without dashes in front. A secret given "
    "as `-` is read from "
    "the first line of standard input.\n";

std::string upper(std::string_view text) {
    std::string out{text};
    for (char& c : out)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    return out;
}

std::string usage(const Operation& operation) {
    std::string out = fmt::format("postrider {}", operation.name);
    for (const Argument& one : operation.arguments) {
        std::string value = one.by_place() ? upper(one.name) : fmt::format("--{}", one.name);
        if (!one.by_place() && one.type != Type::flag)
            value += fmt::format(" {}", upper(word(one.type == Type::path   ? Type::text
                                                   : one.type == Type::list ? Type::text
                                                                            : one.type)));
        if (one.type == Type::list) value += " ...";
        out += one.required ? " " + value : " [" + value + "]";
    }
    return out;
}

/// Text as roff shows it: a dot or quote at a line's beginning is a request, a backslash an escape.
std::string roff(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else if (c == '`')
            out += '\'';
        else
            out += c;
    }
    return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

}  // namespace

std::string manual_roff() {
    std::string out;
    for (const Chapter& chapter : chapters()) {
        out += fmt::format(".SS {}\n", roff(chapter.help));
        for (const Operation& operation : chapter.operations) {
            out += fmt::format(".TP\n.B {}\n{}.{}\n", roff(usage(operation)), roff(operation.help),
                               operation.needs_server ? " Only while the server runs." : "");
            for (const Argument& one : operation.arguments)
                out += fmt::format(".br\n.I {}\n\\(en {}\n", roff(one.name), roff(one.help));
        }
    }
    return out;
}

std::string manual_markdown() {
    std::string out{introduction};
    for (const Chapter& chapter : chapters()) {
        out += fmt::format("\n## {}\n", chapter.help);
        for (const Operation& operation : chapter.operations) {
            out += fmt::format("\n### {}\n\n{}.", operation.name, operation.help);
            if (operation.needs_server) out += " Only while the server runs.";
            out += fmt::format("\n\n    {}\n", usage(operation));
            if (!operation.arguments.empty()) out += "\n| argument | type | |\n| --- | --- | --- |\n";
            for (const Argument& one : operation.arguments)
                out += fmt::format("| {} | {} | {} |\n", one.name, word(one.type), one.help);
        }
    }
    return out;
}

}  // namespace postrider::admin
