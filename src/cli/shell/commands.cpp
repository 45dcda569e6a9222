#include <fmt/core.h>

#include <algorithm>

#include "cli/shell/shell.h"
#include "cli/wire/layout.h"
#include "directory/permissions.h"
#include "settings/table.h"
#include "settings/value.h"
#include "text/ascii.h"

/// Commands: those of the context that is open, and those that every context has.
namespace postrider::cli {
namespace {

constexpr std::size_t deepest = 32;  ///< contexts in contexts; the tree has fewer

bool is(const Word& word, std::string_view keyword) {
    return !word.quoted && !word.is_set && text::equal_ci(word.text, keyword);
}

std::string_view exit_word(Exit exit) {
    return exit == Exit::commit ? "COMMIT" : exit == Exit::done ? "DONE" : "";
}

}  // namespace

Step<> Shell::permitted(const Need& need, DomainId in) {
    auto refuse = [](std::string what) -> Step<> {
        return std::unexpected("permission denied: " + std::move(what));
    };
    switch (need.where) {
        case Need::Where::nothing: return {};
        case Need::Where::super_user: {
            auto entry = directory().admin(user_);
            if (entry && (entry->built_in || entry->super_user)) return {};
            return refuse("only an administrator with all rights may do that");
        }
        case Need::Where::server:
            if (may(need.permission)) return {};
            return refuse(fmt::format("it needs {} on the server", need.permission));
        case Need::Where::domain: {
            DomainId where = in.value() != 0 ? in : domain();
            if (may(need.permission, where)) return {};
            auto entry = directory().domain(where);
            return refuse(
                fmt::format("it needs {} on the domain {}", need.permission, entry ? entry->name : ""));
        }
    }
    return {};
}

bool Shell::may_anything(DomainId domain) {
    return std::ranges::any_of(directory::domain_permissions(),
                               [&](const directory::DomainPermission& one) { return may(one.name, domain); });
}

Reply Shell::run(const std::vector<Word>& words) {
    if (words.front().quoted || words.front().is_set) return unknown(words);
    if (auto reply = run_own(words)) return std::move(*reply);
    if (auto reply = run_common(words)) return std::move(*reply);
    return unknown(words);
}

std::optional<Reply> Shell::run_own(const std::vector<Word>& words) {
    Frame& frame = *frames_.back();
    for (const Command& command : frame.context().commands) {
        auto given = Syntax{command.syntax}.match(words);
        if (!given) continue;
        if (auto allowed = permitted(command.need); !allowed) return error(allowed.error());
        if (frames_.size() >= deepest) return error("too many contexts are open");
        Call call{*this, frame, *given, command.subject};
        return command.run(call);
    }
    return std::nullopt;
}

std::optional<Reply> Shell::run_common(const std::vector<Word>& words) {
    const std::span rest = std::span{words}.subspan(1);
    const Word& verb = words.front();
    const Exit exit = frames_.back()->context().exit;
    if (rest.empty()) {
        if (is(verb, "HELP")) return help();
        if (is(verb, "EXIT") || is(verb, "QUIT")) {
            ending_ = true;
            return Reply{true, {}, "have a nice day"};
        }
        if (is(verb, "BACK") || is(verb, "CANCEL")) return back();
        if (is(verb, "COMMIT") && exit == Exit::commit) return leave(true);
        if (is(verb, "DONE") && exit == Exit::done) return leave(false);
        if (is(verb, "COMMIT") || is(verb, "DONE"))
            return error(exit == Exit::back_only
                             ? "there is nothing to keep here: BACK goes to the context before"
                             : fmt::format("this context is left with {}", exit_word(exit)));
    }
    if (is(verb, "SET") && !rest.empty() && frames_.back()->context().attributes.count != 0) return set(rest);
    if (is(verb, "SHOW") && (rest.empty() || (is(rest[0], "ATTR") && rest.size() == 2))) return show(rest);
    if (is(verb, "RESET") && rest.size() <= 1 && exit != Exit::back_only) return reset(rest);
    return std::nullopt;
}

Reply Shell::unknown(const std::vector<Word>& words) {
    const Context& context = frames_.back()->context();
    if (const NotHere* missing = not_here(words)) return error(missing->text());
    was_wrong_ = true;
    std::size_t best = 0;
    std::string usage;
    for (const Command& command : context.commands) {
        Syntax syntax{command.syntax};
        std::size_t same = syntax.same_front(words);
        if (same > best) {
            best = same;
            usage = syntax.text();
        } else if (same == best && best != 0 && usage.size() < 200) {
            usage += "  or  " + syntax.text();
        }
    }
    if (best != 0) return error("usage: " + usage);
    return error(fmt::format("there is no command {} in this context; HELP lists them",
                             clean(words.front().text.substr(0, 40))));
}

Reply Shell::set(std::span<const Word> words) {
    Frame& frame = *frames_.back();
    const Context& context = frame.context();
    if (words.size() % 2 != 0) {
        was_wrong_ = true;
        return error("usage: SET <attribute> <value> [<attribute> <value>]...");
    }
    // All are held against the table before the first one changes anything.
    auto scratch = context.attributes.make();
    const auto places = attribute_places(context, scratch.get());
    for (std::size_t i = 0; i < words.size(); i += 2) {
        const std::string& name = words[i].text;
        auto place = std::ranges::find_if(
            places, [&](const AttributePlace& one) { return settings::same_name(one.row.name, name); });
        if (place == places.end()) {
            if (const NotHere* missing = not_here({Word{"SET"}, words[i]})) return error(missing->text());
            was_wrong_ = true;
            return error(fmt::format("there is no attribute {} in this context; HELP lists them",
                                     clean(name.substr(0, 40))));
        }
        std::string spelled{place->row.name};
        if (std::ranges::find(context.read_only, spelled) != context.read_only.end())
            return error(spelled + " cannot be set here");
        Need need = context.need;
        for (const Context::AttributeNeed& one : context.needs)
            if (one.attribute == spelled) need = one.need;
        if (auto allowed = permitted(need); !allowed) return error(allowed.error());
        auto good = settings::set_value(place->row, place->object, to_value(words[i + 1]));
        if (!good)
            return error(
                fmt::format("{}: {}{}{}", spelled, good.error().problem,
                            good.error().allowed.empty() ? "" : "; allowed: ", good.error().allowed));
        if (!good->empty()) return error(fmt::format("{}: {} is not in this release", spelled, *good));
    }
    for (std::size_t i = 0; i < words.size(); i += 2)
        if (auto done = frame.set(words[i].text, to_value(words[i + 1])); !done) return error(done.error());
    return ok();
}

Reply Shell::show(std::span<const Word> words) {
    Frame& frame = *frames_.back();
    void* object = frame.values();
    const auto places = attribute_places(frame.context(), object);
    if (words.empty()) {
        NamedValues values;
        if (object != nullptr)
            for (const AttributePlace& place : places)
                if (!place.row.secret)
                    values.emplace_back(place.row.name, shown_value(place.row, place.object));
        return ok(attributes(frame.title(), values));
    }
    for (const AttributePlace& place : places) {
        if (!settings::same_name(place.row.name, words[1].text)) continue;
        if (place.row.secret) return error(fmt::format("{} is never shown", place.row.name));
        return ok(one_attribute(place.row.name, shown_value(place.row, place.object)));
    }
    if (const NotHere* missing = not_here({Word{"SET"}, words[1]})) return error(missing->text());
    return error(fmt::format("there is no attribute {} in this context", clean(words[1].text.substr(0, 40))));
}

Reply Shell::reset(std::span<const Word> words) {
    Frame& frame = *frames_.back();
    if (words.empty()) {
        if (auto done = frame.reload(); !done) return error(done.error());
        return ok();
    }
    const Context& context = frame.context();
    for (const AttributePlace& place : attribute_places(context, nullptr)) {
        if (!settings::same_name(place.row.name, words[0].text)) continue;
        Need need = context.need;
        for (const Context::AttributeNeed& one : context.needs)
            if (one.attribute == place.row.name) need = one.need;
        if (auto allowed = permitted(need); !allowed) return error(allowed.error());
        if (auto done = frame.inherit(place.row.name); !done) return error(done.error());
        return ok();
    }
    for (const char* verb : {"RESET", "SET"})
        if (const NotHere* missing = not_here({Word{verb}, words[0]})) return error(missing->text());
    was_wrong_ = true;
    return error(fmt::format("there is no attribute {} in this context", clean(words[0].text.substr(0, 40))));
}

Reply Shell::leave(bool keep) {
    Frame& frame = *frames_.back();
    if (keep) {
        auto written = frame.commit();
        if (!written) return error(written.error());
        frames_.pop_back();
        return {true, std::move(*written), "committing changes and switching back to previous context"};
    }
    if (auto done = frame.done(); !done) return error(done.error());
    frames_.pop_back();
    return ok();
}

Reply Shell::back() {
    if (frames_.size() == 1) return error("this is the outermost context; QUIT ends the session");
    frames_.pop_back();
    return ok();
}

Reply Shell::help() const {
    const Context& context = frames_.back()->context();
    std::string data = "The commands of this context are:\r\n\r\n";
    auto line = [&](std::string_view syntax, std::string_view help) {
        data += syntax;
        if (!quiet_ && !help.empty()) data.append("  - ").append(help);
        data += "\r\n";
    };
    for (const Command& command : context.commands) line(command.syntax, command.help);
    for (const AttributePlace& place : attribute_places(context, nullptr)) {
        if (std::ranges::find(context.read_only, std::string{place.row.name}) != context.read_only.end())
            continue;
        std::string allowed = settings::allowed_text(place.row);
        line(fmt::format("SET {} <{}>", place.row.name,
                         allowed.empty() ? settings::type_text(place.row) : allowed),
             place.row.help);
    }
    line("SHOW [ATTR <param>]", "The attributes of this context");
    if (context.exit != Exit::back_only) line("RESET", "Forget the changes of this context");
    if (context.exit == Exit::commit) line("COMMIT", "Write the changes, and go to the context before");
    if (context.exit == Exit::done) line("DONE", "Keep the changes for the context before, and go there");
    if (frames_.size() > 1) line("BACK", "Forget the changes, and go to the context before");
    line("HELP", "This list");
    line("EXIT|QUIT", "End the session");
    data += "\r\n";
    return ok(std::move(data));
}

}  // namespace postrider::cli
