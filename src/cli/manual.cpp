#include "cli/manual.h"

#include <fmt/core.h>

#include <algorithm>

#include "settings/value.h"

namespace postrider::cli {
namespace {

constexpr std::string_view introduction = R"(# The command line interface

Made from the table of contexts by `postrider help --cli`; do not edit.

The CLI service takes connections on 127.0.0.1:7000 (`cli.listeners` in [configuration.md](configuration.md)). It speaks lines:
with a terminal (`nc -C 127.0.0.1 7000`), from scripts that are piped into netcat, and from programs
([clients/php](../../clients/php/README.md), [clients/python](../../clients/python/README.md)). Passwords go over the connection
as they are; for other machines than this one make a listener with `sslEnable = yes`.

    $ printf 'USER admin\n%s\nUPDATE Domain example.org\nADD Account name john password s3cret\nCOMMIT\nQUIT\n' "$PASSWORD" | nc -N 127.0.0.1 7000

## The dialogue

- `USER <name>` asks for the password, which is the whole next line. `SET QUIET on` before it leaves explanations away, `SET
  CONSOLE-CODES on` colours what a terminal shows and hides the password. `GET VERSION` prints the generation of the language
  that is spoken, not Postrider's own version: that one is in the greeting.
- Every answer ends with one line `+OK: ...` or `-ERR: ...` and the prompt, which names the context: `<domain-account#> `. After
  -ERR nothing has changed.
- Keywords, contexts and attributes are the same in any case; values are not. A word holds spaces and quotes behind a `\`, or
  stands in `'...'` (all as it is) or `"..."` (`\"` and `\\` inside). A set is `(a b c)`. Wildcards are `*` and `?`. Words in
  `[brackets]` may be left out.
- Times are seconds and sizes KB where nothing else is said.
- `SET` changes attributes of the context; the changes wait. `COMMIT` writes them, with those of inner contexts that were left with
  `DONE`; `BACK` forgets them. An account, group or domain that `ADD` or `CREATE` began is made by `COMMIT`, wholly or not at
  all. `REMOVE` of an account, group, class or administrator is done at once; `REMOVE` of a listener, rule, alias or address
  waits like `SET`.
- Changes of the server's settings are in force when COMMIT says so, or after a restart when it says that; the file is written by `SAVE
  CONFIG` alone (with a path: to a copy whose name ends with it). Before, a restart brings the old settings back.
- Texts of several lines (`ESET`) are sent after the first `+OK`, with a `.` put before lines that begin with one, and end with a line
  `.` (`SET multilineEOF` chooses another).
- Answers have fixed numbers of lines, for programs that count: a table has 5 before its rows and a blank one behind, a simple list and
  SHOW have 2 before and a blank one behind, `SHOW <child> <name>` has 2 before and none behind, `ATTR` one line.

A session is closed after `maxErrors` lines that are no commands, `maxAuthErrors` wrong passwords, `maxAuthCommands` commands
before log-in, two minutes without log-in, and the listener's `idleTimeout` of silence.

## Who may do what

`admin` may do everything, and so may administrators that `postrider admin add` makes. Administrators that are made here, in `ENTER AACL`,
may do nothing until permissions are granted, on the server or on single domains, to them or to groups that they are in. Own rights count
before those of groups, at one distance DENY before GRANT, and what is said of a domain before what is said of any domain. Nobody can grant
what he does not hold. The permission that a command needs stands behind it.

## Where we differ

- `domainLocation` and `domainObjectsLocation` are read and not used: who is in a domain lies in the server's own store. Messages lie in
  the shared storage unless `ADD MessagesLocation` names another directory.
- `DELETE Domain` without `dontKeepCopy` keeps the domain as a disabled one, under the name `NAME.deleted-SECONDS`.
- Forwarders are objects of their own (`ADD Forwarder`), beside groups.
- Accounts have an attribute `enable`.
)";

std::string need_text(const Need& need) {
    switch (need.where) {
        case Need::Where::nothing: return {};
        case Need::Where::super_user: return "all rights";
        case Need::Where::server: return fmt::format("{} on the server", need.permission);
        case Need::Where::domain: return fmt::format("{}", need.permission);
    }
    return {};
}

std::string cell(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '|') out.push_back('\\');
        out.push_back(c == '\n' ? ' ' : c);
    }
    return out;
}

/// The same table again: listeners, rules and the like are in every service.
bool alike(const Context& a, const Context& b) {
    return a.attributes.rows != nullptr && a.attributes.rows == b.attributes.rows && a.shown == b.shown
           && a.commands.size() == b.commands.size();
}

std::string context_text(const Context& context, const Context* like) {
    std::string out = fmt::format("\n### {}\n\nPrompt `<{}#> `", context.path, context.prompt);
    out += context.exit == Exit::commit ? ", left with COMMIT. "
           : context.exit == Exit::done ? ", left with DONE. "
                                        : ". ";
    out += context.help.empty() || context.help.ends_with('.') ? context.help : context.help + ".";
    out += "\n";
    if (like != nullptr)
        return out
               + fmt::format("\nAttributes and commands as {}; permission: {}.\n", like->path,
                             need_text(context.need));
    const auto places = attribute_places(context, nullptr);
    if (!places.empty()) {
        out += "\n| attribute | values | permission | |\n| --- | --- | --- | --- |\n";
        for (const AttributePlace& place : places) {
            Need need = context.need;
            for (const Context::AttributeNeed& one : context.needs)
                if (one.attribute == place.row.name) need = one.need;
            bool fixed =
                std::ranges::find(context.read_only, std::string{place.row.name}) != context.read_only.end();
            std::string values = settings::allowed_text(place.row);
            if (values.empty()) values = settings::type_text(place.row);
            out += fmt::format("| {} | {} | {} | {} |\n", place.row.name, cell(values),
                               fixed ? "cannot be set" : cell(need_text(need)), cell(place.row.help));
        }
    }
    if (!context.commands.empty()) {
        out += "\n| command | permission | |\n| --- | --- | --- |\n";
        for (const Command& command : context.commands)
            out += fmt::format("| `{}` | {} | {} |\n", cell(command.syntax), cell(need_text(command.need)),
                               cell(command.help));
    }
    return out;
}

}  // namespace

std::string manual_markdown(const Tree& tree) {
    std::string out{introduction};
    out += "\n| command of the dialogue | why it has no use here | instead |\n| --- | --- | --- |\n";
    for (const NotHere& one : done_otherwise())
        out += fmt::format("| `{}` | {} | {} |\n", one.words, cell(one.what), cell(one.instead));
    out +=
        "\n## Contexts\n\nEvery context has HELP, SHOW [ATTR <attribute>], BACK and EXIT or QUIT too; those "
        "that are left with COMMIT or DONE have RESET.\n";
    for (auto at = tree.all().begin(); at != tree.all().end(); ++at) {
        auto like =
            std::find_if(tree.all().begin(), at, [&](const auto& before) { return alike(*before, **at); });
        out += context_text(**at, like == at ? nullptr : like->get());
    }
    return out;
}

}  // namespace postrider::cli
