#pragma once

#include "cli/contexts/settings_frame.h"

/// What contexts over settings have in common: the ways into objects, and commands on the elements of sets.
namespace postrider::cli {

/// Row name, word in commands, path of the context: what a command needs, in one Command::subject.
/// "object.row" is a row of an object in the context's.
struct SettingsSubject {
    std::string row, word, context, object;
    static SettingsSubject of(const std::string& text);
    /// Where the row is.
    SettingsPath in(const SettingsFrame& frame) const;
};

/// CONFIG <word>: goes into the object that the subject names.
Reply configure_object(Call& call);

/// LIST, ADD, UPDATE, REMOVE and SHOW of a set's elements.
void add_set_commands(Context& context, const settings::Row& set, std::string_view word, Need need,
                      const std::string& subject);

/// @param heading  "" = as the commands call them
Step<std::string> element_table(Call& call, const SettingsSubject& subject, std::string_view heading);

inline SettingsFrame& settings_frame_of(Call& call) {
    return static_cast<SettingsFrame&>(call.frame);
}

}  // namespace postrider::cli
