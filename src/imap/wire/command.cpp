#include "imap/wire/command.h"

#include <algorithm>

#include "imap/wire/tokens.h"
#include "text/ascii.h"

namespace postrider::imap {
namespace {

/// tag = 1*<any ASTRING-CHAR except "+">
bool is_tag_char(char c) {
    return is_astring_char(c) && c != '+';
}

bool is_verb_char(char c) {
    return text::is_alpha(c) || text::is_digit(c) || c == '-' || c == '_';
}

}  // namespace

Parsed<Command> parse_command(std::string_view text) {
    Cursor in{text};
    Command command;
    command.tag = in.run(is_tag_char);
    if (command.tag.empty() || command.tag.size() > max_tag) in.fail("a tag");
    in.need(" ");
    std::string_view verb = in.run(is_verb_char);
    if (text::equal_ci(verb, "UID") && in.take(" ")) {
        command.uid = true;
        command.verb = "UID ";
        verb = in.run(is_verb_char);
    }
    if (verb.empty() || verb.size() > 32) in.fail("a command");
    if (!in.at_end()) in.need(" ");
    if (!in.ok()) return in.finish(std::move(command));
    command.verb += text::to_upper(verb);
    command.args = in.rest();
    return command;
}

std::string_view tag_of(std::string_view text) {
    auto end = std::find_if_not(text.begin(), text.end(), is_tag_char);
    std::string_view tag = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    return tag.empty() || tag.size() > max_tag || tag.size() == text.size() ? std::string_view{"*"} : tag;
}

}  // namespace postrider::imap
