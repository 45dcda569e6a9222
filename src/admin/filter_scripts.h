#pragma once

#include <expected>
#include <string>

#include "admin/operation.h"
#include "filter/scripts/script_store.h"

/// Scripts that filter mail, for the dialogue as for the operations. Errors are sentences.
namespace postrider::admin {

/// Nothing, or what is wrong with a script of the owner's, a line each.
std::expected<void, std::string> check_script(const filter::ScriptStore& scripts,
                                              const filter::ScriptOwner& owner, const std::string& text);

/// Replaces a script file below filters/ whole, or leaves it as it was.
/// @param only_in  "": anywhere there; else only in the directory of that name
std::expected<void, std::string> may_write_script_file(Context& context, const std::string& file,
                                                       const std::string& only_in);
std::expected<void, std::string> write_script_file(Context& context, const std::string& file,
                                                   const std::string& only_in, const std::string& text);

}  // namespace postrider::admin
