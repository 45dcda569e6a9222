#pragma once

#include <string>
#include <string_view>

#include "settings/diagnostic.h"
#include "settings/grammar.h"
#include "settings/setting.h"

/// The file's text or tree -> structs, through their tables, with everything that is wrong collected.
///
/// An error (a value that is not allowed) leaves the default in place; a warning (an unknown or doubled name,
/// a section that this build does not have, an object without a required attribute) leaves the thing out.
/// Whether to start in spite of errors is the caller's to decide; postrider does not.
namespace postrider::settings {

/// Reads the attributes of `tree` into `object`, which holds the defaults.
/// @param file  for the diagnostics
void read(Table table, void* object, const Object& tree, std::string_view file, Diagnostics& found);

/// Reads a whole file's text.
Diagnostics read_text(Table root, void* object, std::string_view text, std::string_view file);

template <class S>
struct Loaded {
    S values;
    Diagnostics found;
    bool ok() const {
        for (const Diagnostic& one : found) {
            if (one.severity == Severity::error) return false;
        }
        return true;
    }
};

/// @param root  the table of what stands in Server { }
template <class S>
Loaded<S> load(TableOf<S> root, std::string_view text, std::string_view file) {
    Loaded<S> loaded;
    loaded.found = read_text(root, &loaded.values, text, file);
    return loaded;
}

}  // namespace postrider::settings
