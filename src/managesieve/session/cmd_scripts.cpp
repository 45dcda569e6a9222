#include <fmt/core.h>

#include "managesieve/session/session.h"
#include "managesieve/wire/words.h"
#include "sieve/sieve.h"

/// What is done with scripts. Everything that reads the store or compiles runs on a worker.
namespace postrider::managesieve {
namespace {

/// What compiling has found, a line each.
std::string shown(const std::vector<sieve::Problem>& problems) {
    std::string text;
    for (const sieve::Problem& one : problems) text.append(text.empty() ? "" : "\r\n").append(one.shown());
    return text;
}

struct Checked {
    bool good = false;
    std::string text;  ///< errors, or warnings
};

/// As the chain of filters compiles it (RFC 5804 §2.6: what is not valid is not stored).
Checked check(const filter::ScriptStore& scripts, const filter::ScriptOwner& owner, const std::string& text,
              const sieve::ExtensionSet& allowed = sieve::storable_extensions()) {
    sieve::Options options;
    options.allowed = allowed;
    options.find_script = [&](sieve::Location where, const std::string& name) -> std::optional<std::string> {
        bool global = where == sieve::Location::global;
        auto found = scripts.get(global ? filter::ScriptOwner::of_server() : owner, name);
        if (!found) return std::nullopt;
        return std::move(*found);
    };
    auto compiled = sieve::compile(text, options);
    if (!compiled) return {false, shown(compiled.error())};
    return {true, shown(compiled->warnings)};
}

/// Whether the script can run on new mail: one that wants to know what a mail program does (RFC 6785) cannot.
Checked check_for_delivery(const filter::ScriptStore& scripts, const filter::ScriptOwner& owner,
                           const std::string& text) {
    return check(scripts, owner, text, sieve::all_extensions());
}

/// For an answer to who would make it the active script, or replace that by it.
std::string not_for_delivery(const Checked& checked) {
    return "Such a script cannot be active, which would run it on new mail:\r\n" + checked.text;
}

}  // namespace

void Session::script_error(const filter::ScriptFailure& failure) {
    using filter::ScriptError;
    switch (failure.kind) {
        case ScriptError::no_such_script: return no(failure.what, "NONEXISTENT");
        case ScriptError::exists: return no(failure.what, "ALREADYEXISTS");
        case ScriptError::active: return no(failure.what, "ACTIVE");
        case ScriptError::bad_name: return fault(failure.what);
        case ScriptError::too_many: return no(failure.what, "QUOTA/MAXSCRIPTS");
        case ScriptError::too_large: return no(failure.what, "QUOTA/MAXSIZE");
        case ScriptError::storage: break;
    }
    s_.log.error(id_, "Scripts cannot be kept: {}", failure.what);
    no("The store of scripts does not work now", "TRYLATER");
}

net::Task<> Session::havespace() {
    if (argument(0).kind != Token::Kind::string || argument(1).kind != Token::Kind::number) {
        fault("HAVESPACE takes a name and a size");
        co_return;
    }
    auto ask = [this] { return s_.scripts.room(owner(), argument(0).text, argument(1).number); };
    filter::ScriptResult<> room = co_await s_.workers.run(std::move(ask));
    if (!room)
        script_error(room.error());
    else
        ok("There is room");
}

net::Task<> Session::putscript() {
    if (argument(0).kind != Token::Kind::string || argument(1).kind != Token::Kind::string) {
        fault("PUTSCRIPT takes a name and a script");
        co_return;
    }
    auto room_of = [this] { return s_.scripts.room(owner(), argument(0).text, argument(1).text.size()); };
    filter::ScriptResult<> room = co_await s_.workers.run(std::move(room_of));
    if (!room) {
        script_error(room.error());
        co_return;
    }
    auto compile = [this] { return check(s_.scripts, owner(), argument(1).text); };
    Checked checked = co_await s_.workers.run(std::move(compile));
    if (!checked.good) {
        no(checked.text);
        co_return;
    }
    auto replaces_active = [this, &checked] {
        auto all = s_.scripts.list(owner());
        if (!all) return false;  // putting it will say why
        for (const filter::ScriptInfo& one : *all) {
            if (!one.active || one.name != argument(0).text) continue;
            const Checked run = check_for_delivery(s_.scripts, owner(), argument(1).text);
            if (!run.good) checked.text = not_for_delivery(run);
            return !run.good;
        }
        return false;
    };
    const bool unfit = co_await s_.workers.run(std::move(replaces_active));
    if (unfit) {
        no(checked.text);
        co_return;
    }
    auto store = [this] { return s_.scripts.put(owner(), argument(0).text, argument(1).text); };
    filter::ScriptResult<> stored = co_await s_.workers.run(std::move(store));
    if (!stored) {
        script_error(stored.error());
        co_return;
    }
    s_.log.info(id_, "Script '{}' stored, {} octets", argument(0).text, argument(1).text.size());
    if (checked.text.empty())
        ok("Stored");
    else
        ok(checked.text, "WARNINGS");
}

net::Task<> Session::checkscript() {
    if (argument(0).kind != Token::Kind::string) {
        fault("CHECKSCRIPT takes a script");
        co_return;
    }
    auto compile = [this] { return check(s_.scripts, owner(), argument(0).text); };
    Checked checked = co_await s_.workers.run(std::move(compile));
    if (!checked.good)
        no(checked.text);
    else if (checked.text.empty())
        ok("The script is valid");
    else
        ok(checked.text, "WARNINGS");
}

net::Task<> Session::listscripts() {
    auto list = [this] { return s_.scripts.list(owner()); };
    filter::ScriptResult<std::vector<filter::ScriptInfo>> all = co_await s_.workers.run(std::move(list));
    if (!all) {
        script_error(all.error());
        co_return;
    }
    std::string lines;
    for (const filter::ScriptInfo& one : *all)
        lines += fmt::format("{}{}\r\n", to_string(one.name), one.active ? " ACTIVE" : "");
    peer_.send(lines);
    ok("");
}

net::Task<> Session::setactive() {
    if (argument(0).kind != Token::Kind::string) {
        fault("SETACTIVE takes a name");
        co_return;
    }
    auto fit = [this]() -> Checked {
        auto text = s_.scripts.get(owner(), argument(0).text);
        if (argument(0).text.empty() || !text) return {true, {}};  // activating it will say why
        return check_for_delivery(s_.scripts, owner(), *text);
    };
    const Checked checked = co_await s_.workers.run(std::move(fit));
    if (!checked.good) {
        no(not_for_delivery(checked));
        co_return;
    }
    auto activate = [this] { return s_.scripts.activate(owner(), argument(0).text); };
    filter::ScriptResult<> done = co_await s_.workers.run(std::move(activate));
    if (!done) {
        script_error(done.error());
        co_return;
    }
    s_.log.info(id_, "Active script is now '{}'", argument(0).text);
    ok(argument(0).text.empty() ? "No script is active now" : "The script is active now");
}

net::Task<> Session::getscript() {
    if (argument(0).kind != Token::Kind::string) {
        fault("GETSCRIPT takes a name");
        co_return;
    }
    auto get = [this] { return s_.scripts.get(owner(), argument(0).text); };
    filter::ScriptResult<std::string> text = co_await s_.workers.run(std::move(get));
    if (!text) {
        script_error(text.error());
        co_return;
    }
    std::string lines = to_literal(*text);
    lines += "\r\n";
    peer_.send(lines);
    ok("");
}

net::Task<> Session::deletescript() {
    if (argument(0).kind != Token::Kind::string) {
        fault("DELETESCRIPT takes a name");
        co_return;
    }
    auto remove = [this] { return s_.scripts.remove(owner(), argument(0).text); };
    filter::ScriptResult<> done = co_await s_.workers.run(std::move(remove));
    if (!done)
        script_error(done.error());
    else
        ok("Deleted");
}

net::Task<> Session::renamescript() {
    if (argument(0).kind != Token::Kind::string || argument(1).kind != Token::Kind::string) {
        fault("RENAMESCRIPT takes two names");
        co_return;
    }
    auto rename = [this] { return s_.scripts.rename(owner(), argument(0).text, argument(1).text); };
    filter::ScriptResult<> done = co_await s_.workers.run(std::move(rename));
    if (!done)
        script_error(done.error());
    else
        ok("Renamed");
}

}  // namespace postrider::managesieve
