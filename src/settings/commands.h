#pragma once

#include <string>
#include <string_view>

#include "settings/diagnostic.h"
#include "settings/setting.h"

/// What `postrider config ...` does; src/app parses the command line and prints.
namespace postrider::settings {

struct CommandResult {
    int exit_code = 0;  ///< 0 well, 1 the file has errors, 2 the file cannot be read or the question is wrong
    std::string output;  ///< for standard output
    std::string errors;  ///< for standard error
};

/// config check: every error and warning of the file, one per line, and a count; with json, one JSON object
/// {"file", "errors", "warnings", "found": [{"severity", "line", "key", "problem", "allowed"}]}.
CommandResult config_check(Table root, const std::string& path, bool json);

struct ShowOptions {
    std::string key;       ///< only this part: "imap", "imap.listeners"; "" for all
    bool all = false;      ///< also defaults
    bool secrets = false;  ///< show passwords
};

/// config show: what the server would run with, in the grammar of the file; diagnostics go to `errors`.
CommandResult config_show(Table root, const std::string& path, const ShowOptions& options);

/// config defaults: a whole file with every setting at its default and its help as a comment.
CommandResult config_defaults(Table root);

/// config manual: markdown, or the man page with roff.
CommandResult config_manual(Table root, bool roff);

std::string to_json(const Diagnostics& found, std::string_view file);

}  // namespace postrider::settings
