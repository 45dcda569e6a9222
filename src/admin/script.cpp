// Scripts that filter mail: of the server, of domains, of accounts.

#include <fmt/core.h>

#include <algorithm>
#include <fstream>

#include "admin/chapters.h"
#include "admin/lookup.h"
#include "filter/scripts/script_store.h"
#include "sieve/sieve.h"

namespace postrider::admin {
namespace {

using filter::ScriptOwner;
using Kind = Error::Kind;

constexpr Argument of_account{"account", Type::text, "Of this account"};
constexpr Argument of_domain{"domain", Type::text, "Of this domain"};
constexpr Argument script_name{"name", Type::text, "Name of the script", true};
constexpr Argument by_admin{"by-admin", Type::flag,
                            "With --account: of those that its owner does not see (WASieveAccount runs)"};
constexpr Argument owner_arguments[] = {of_account, of_domain, by_admin};
constexpr Argument one_arguments[] = {script_name, of_account, of_domain, by_admin};
constexpr Argument put_arguments[] = {
    script_name, {"file", Type::path, "The script", true},
    of_account,  of_domain,
    by_admin,    {"activate", Type::flag, "Also make it the one that runs"}};
constexpr Argument rename_arguments[] = {
    script_name, {"new-name", Type::text, "Its new name", true}, of_account, of_domain, by_admin};

std::unexpected<Error> fail(const filter::ScriptFailure& failure) {
    using filter::ScriptError;
    switch (failure.kind) {
        case ScriptError::no_such_script: return admin::fail(Kind::not_found, failure.what);
        case ScriptError::exists: return admin::fail(Kind::exists, failure.what);
        case ScriptError::active: return admin::fail(Kind::in_use, failure.what);
        case ScriptError::bad_name:
        case ScriptError::too_large: return admin::fail(Kind::bad_value, failure.what);
        case ScriptError::too_many: return admin::fail(Kind::not_allowed, failure.what);
        case ScriptError::storage: break;
    }
    return admin::fail(Kind::storage, failure.what);
}

std::expected<ScriptOwner, Error> owner_of(Context& context, const Arguments& arguments) {
    if (arguments.has("account") && arguments.has("domain"))
        return admin::fail(Kind::usage, "Scripts are an account's or a domain's, not both");
    if (arguments.has("account")) {
        auto account = find_account(context, arguments.text("account"));
        if (!account) return std::unexpected(account.error());
        return arguments.flag("by-admin") ? ScriptOwner::admin_of((*account)->id)
                                          : ScriptOwner::of((*account)->id);
    }
    if (arguments.has("domain")) {
        auto domain = find_domain(context, arguments.text("domain"));
        if (!domain) return std::unexpected(domain.error());
        return ScriptOwner::of((*domain)->id);
    }
    return ScriptOwner::of_server();
}

/// Runs `what` on the scripts of whom the arguments name.
template <class What>
Result with_scripts(Context& context, const Arguments& arguments, const What& what) {
    if (!context.scripts) return admin::fail(Kind::not_running, "There are no scripts here");
    auto owner = owner_of(context, arguments);
    if (!owner) return std::unexpected(owner.error());
    return what(*context.scripts, *owner);
}

Result answer(const filter::ScriptResult<>& result) {
    if (!result) return fail(result.error());
    return done();
}

Result list_scripts(Context& context, const Arguments& arguments, const Progress&) {
    return with_scripts(context, arguments,
                        [](filter::ScriptStore& scripts, const ScriptOwner& owner) -> Result {
                            auto all = scripts.list(owner);
                            if (!all) return fail(all.error());
                            Json rows = Json::array();
                            for (const filter::ScriptInfo& one : *all)
                                rows.push_back(Json{{"name", one.name},
                                                    {"runs", one.active
                                                                 || (filter::is_rules_script(one.name)
                                                                     && one.name != filter::template_script)},
                                                    {"size", one.size}});
                            return Json{{"scripts", std::move(rows)}};
                        });
}

Result show_script(Context& context, const Arguments& arguments, const Progress&) {
    return with_scripts(context, arguments,
                        [&](filter::ScriptStore& scripts, const ScriptOwner& owner) -> Result {
                            auto text = scripts.get(owner, arguments.text("name"));
                            if (!text) return fail(text.error());
                            return Json{{"script", std::move(*text)}};
                        });
}

/// What is wrong with a script, a line each; nothing: it can run.
std::string problems(const std::vector<sieve::Problem>& all) {
    std::string out;
    for (const sieve::Problem& one : all) out.append(out.empty() ? "" : "\n").append(one.shown());
    return out;
}

/// Scripts that run on new mail do not know what mail programs do (RFC 6785): imapsieve is not for them.
std::expected<sieve::Compiled, std::vector<sieve::Problem>> compile(const filter::ScriptStore& scripts,
                                                                    const ScriptOwner& owner,
                                                                    const std::string& text,
                                                                    bool on_new_mail) {
    sieve::Options options;
    options.allowed = on_new_mail ? sieve::all_extensions() : sieve::storable_extensions();
    options.find_script = [&](sieve::Location where, const std::string& name) -> std::optional<std::string> {
        auto found = scripts.get(where == sieve::Location::personal ? owner : ScriptOwner::of_server(), name);
        return found ? std::optional{std::move(*found)} : std::nullopt;
    };
    return sieve::compile(text, options);
}

bool runs_on_new_mail(const filter::ScriptStore& scripts, const ScriptOwner& owner, std::string_view name) {
    if (filter::is_rules_script(name)) return true;
    auto all = scripts.list(owner);
    return all && std::ranges::any_of(*all, [&](const filter::ScriptInfo& one) {
               return one.active && one.name == name;
           });
}

Result put_script(Context& context, const Arguments& arguments, const Progress&) {
    return with_scripts(
        context, arguments, [&](filter::ScriptStore& scripts, const ScriptOwner& owner) -> Result {
            const std::string path = arguments.text("file"), name = arguments.text("name");
            std::ifstream in{path, std::ios::binary};
            std::string text(scripts.limits().octets + 1, '\0');
            in.read(text.data(), static_cast<std::streamsize>(text.size()));
            text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
            if (!in.is_open() || in.bad()) return admin::fail(Kind::bad_value, path + " cannot be read");
            auto compiled = compile(scripts, owner, text,
                                    arguments.flag("activate") || runs_on_new_mail(scripts, owner, name));
            if (!compiled)
                return admin::fail(Kind::bad_value,
                                   fmt::format("{} is not taken:\n{}", path, problems(compiled.error())));
            if (auto put = scripts.put(owner, name, text); !put) return fail(put.error());
            if (arguments.flag("activate"))
                if (auto active = scripts.activate(owner, name); !active) return fail(active.error());
            Json out = done();
            if (!compiled->warnings.empty()) out["warnings"] = problems(compiled->warnings);
            return out;
        });
}

Result remove_script(Context& context, const Arguments& arguments, const Progress&) {
    return with_scripts(context, arguments, [&](filter::ScriptStore& scripts, const ScriptOwner& owner) {
        return answer(scripts.remove(owner, arguments.text("name")));
    });
}

Result rename_script(Context& context, const Arguments& arguments, const Progress&) {
    return with_scripts(context, arguments, [&](filter::ScriptStore& scripts, const ScriptOwner& owner) {
        return answer(scripts.rename(owner, arguments.text("name"), arguments.text("new-name")));
    });
}

Result activate_script(Context& context, const Arguments& arguments, const Progress&) {
    return with_scripts(
        context, arguments, [&](filter::ScriptStore& scripts, const ScriptOwner& owner) -> Result {
            const std::string name = arguments.text("name");
            if (auto text = scripts.get(owner, name))
                if (auto compiled = compile(scripts, owner, *text, true); !compiled)
                    return admin::fail(Kind::bad_value, fmt::format("{} cannot run on new mail:\n{}", name,
                                                                    problems(compiled.error())));
            return answer(scripts.activate(owner, name));
        });
}

Result deactivate_script(Context& context, const Arguments& arguments, const Progress&) {
    return with_scripts(context, arguments, [&](filter::ScriptStore& scripts, const ScriptOwner& owner) {
        return answer(scripts.activate(owner, ""));
    });
}

constexpr Operation operations[] = {
    {"script list", "List the Sieve scripts of the server, a domain or an account", owner_arguments,
     list_scripts},
    {"script show", "Show one", one_arguments, show_script},
    {"script put", "Check a script and keep it", put_arguments, put_script, true},
    {"script remove", "Remove one that is not active", one_arguments, remove_script, true},
    {"script rename", "Give one another name", rename_arguments, rename_script, true},
    {"script activate", "Let one run on new mail, instead of the one that did", one_arguments,
     activate_script, true},
    {"script deactivate", "Let none run but those that rule pages have written", owner_arguments,
     deactivate_script, true},
};

}  // namespace

Chapter script_chapter() {
    return {"script", "Sieve scripts that filter mail", operations};
}

}  // namespace postrider::admin
