#include <fmt/core.h>

#include <fstream>

#include "admin/policy_script.h"
#include "cli/contexts/branches.h"

/// The script that is asked at each step of receiving and sending mail.
namespace postrider::cli {
namespace {

Reply replace_policy(Shell& shell, std::string_view text) {
    auto done = admin::replace_policy(shell.admin(), text);
    if (!done) return error(done.error());
    return ok();
}

Reply update_policy(Call& call) {
    if (auto path = call.given.maybe("path")) {
        auto text = admin::read_script(*path);
        return text ? replace_policy(call.shell, *text) : error(text.error());
    }
    call.shell.read_text([&shell = call.shell](std::string text) { return replace_policy(shell, text); });
    return ok();
}

Reply show_policy(Call& call) {
    auto text = admin::policy_script(call.shell.admin());
    if (!text) return error(text.error());
    if (auto path = call.given.maybe("path")) {
        std::ofstream file{*path, std::ios::binary | std::ios::trunc};
        file << *text;
        file.close();
        return file ? ok() : error(fmt::format("{} cannot be written", *path));
    }
    return ok(lines_of(*text));
}

}  // namespace

void add_policy_commands(Context& server) {
    const Need need = on_server("manageServerFilters");
    server.commands.push_back(
        {"UPDATE SmtpFilters [<path>]", "Replace the policy script", update_policy, need});
    server.commands.push_back({"SHOW SmtpFilters [<path>]", "The policy script", show_policy, need});
}

}  // namespace postrider::cli
