#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "settings/grammar.h"
#include "settings/setting.h"

/// Structs -> the file's text, through their tables.
namespace postrider::settings {

struct WriteOptions {
    bool all = false;       ///< also what has its default value
    bool comments = false;  ///< each setting's help above it
    bool secrets = true;    ///< false: "***" stands for passwords
};

/// @param defaults  another object of the same struct, with its default values
Object to_tree(Table table, const void* object, const void* defaults, const WriteOptions& options);

template <class S>
std::string write(TableOf<S> root, const S& values, const WriteOptions& options = {}) {
    S defaults{};
    return print(to_tree(root, &values, &defaults, options));
}

/// Reads a whole file of at most `limit` octets. The error is a sentence for an administrator.
std::expected<std::string, std::string> load_file(const std::string& path, std::size_t limit = 16 << 20);

/// Replaces the file in one step and syncs it: a crash leaves the old one or the new one. A new file gets
/// mode 640, an old one keeps its own and its group.
std::expected<void, std::string> save_file(const std::string& path, std::string_view text);

}  // namespace postrider::settings
