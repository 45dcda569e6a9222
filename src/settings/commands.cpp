#include "settings/commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "settings/manual.h"
#include "settings/reader.h"
#include "settings/writer.h"

namespace postrider::settings {

namespace {

std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::ptrdiff_t count(const Diagnostics& found, Severity severity) {
    return std::count_if(found.begin(), found.end(),
                         [&](const Diagnostic& one) { return one.severity == severity; });
}

std::string plural(std::ptrdiff_t number, std::string_view word) {
    return fmt::format("{} {}{}", number, word, number == 1 ? "" : "s");
}

/// The part of a tree below a dotted key, or null.
const Attribute* part(const Object& tree, std::string_view key) {
    const Object* object = &tree;
    for (;;) {
        std::size_t dot = std::min(key.find('.'), key.size());
        auto at = std::find_if(object->attributes.begin(), object->attributes.end(),
                               [&](const Attribute& a) { return same_name(a.name, key.substr(0, dot)); });
        if (at == object->attributes.end()) return nullptr;
        if (dot == key.size()) return &*at;
        if (at->value.shape != Value::Shape::object) return nullptr;
        object = &at->value.objects.at(0);
        key.remove_prefix(dot + 1);
    }
}

}  // namespace

std::string to_json(const Diagnostics& found, std::string_view file) {
    std::string out =
        fmt::format("{{\"file\": {}, \"errors\": {}, \"warnings\": {}, \"found\": [", json_string(file),
                    count(found, Severity::error), count(found, Severity::warning));
    for (const Diagnostic& one : found) {
        if (&one != found.data()) out += ", ";
        out +=
            fmt::format("{{\"severity\": {}, \"line\": {}, \"key\": {}, \"problem\": {}, \"allowed\": {}}}",
                        one.severity == Severity::error ? "\"error\"" : "\"warning\"", one.line,
                        json_string(one.key), json_string(one.problem), json_string(one.allowed));
    }
    return out + "]}\n";
}

CommandResult config_check(Table root, const std::string& path, bool json) {
    auto text = load_file(path);
    if (!text) return {2, "", text.error() + "\n"};
    std::shared_ptr<void> values = root.make();
    Diagnostics found = read_text(root, values.get(), *text, path);
    CommandResult result;
    result.exit_code = count(found, Severity::error) == 0 ? 0 : 1;
    if (json) {
        result.output = to_json(found, path);
        return result;
    }
    for (const Diagnostic& one : found) result.output += one.text() + "\n";
    result.output += fmt::format("{}: {}, {}\n", path, plural(count(found, Severity::error), "error"),
                                 plural(count(found, Severity::warning), "warning"));
    return result;
}

CommandResult config_show(Table root, const std::string& path, const ShowOptions& options) {
    auto text = load_file(path);
    if (!text) return {2, "", text.error() + "\n"};
    std::shared_ptr<void> values = root.make();
    std::shared_ptr<void> defaults = root.make();
    CommandResult result;
    for (const Diagnostic& one : read_text(root, values.get(), *text, path)) {
        result.errors += one.text() + "\n";
        if (one.severity == Severity::error) result.exit_code = 1;
    }
    if (result.exit_code != 0) return result;  // no server would run with this
    WriteOptions write;
    write.secrets = options.secrets;
    write.all = options.all || !options.key.empty();
    Object tree = to_tree(root, values.get(), defaults.get(), write);
    if (options.key.empty()) {
        result.output = print(tree);
        return result;
    }
    const Attribute* found = part(tree, options.key);
    if (found == nullptr) return {2, "", fmt::format("there is no setting \"{}\"\n", options.key)};
    result.output = fmt::format("{} = {}\n", found->name, print_value(found->value));
    return result;
}

CommandResult config_defaults(Table root) {
    std::shared_ptr<void> values = root.make();
    WriteOptions write;
    write.all = true;
    write.comments = true;
    return {0, print(to_tree(root, values.get(), values.get(), write)), ""};
}

CommandResult config_manual(Table root, bool roff) {
    return {0, roff ? manual_roff(root) : manual_markdown(root), ""};
}

}  // namespace postrider::settings
