#include <fmt/core.h>

#include <algorithm>

#include "cli/contexts/enter_with.h"
#include "cli/contexts/filters.h"
#include "cli/wire/layout.h"
#include "settings/value.h"

/// Script filters and active filters of domains, accounts, classes, groups and folder recipients.
namespace postrider::cli {
namespace {

using filter::ActiveFilter;
using filter::FilterDefinitions;
using filter::ScriptFilter;

/// What the two kinds of elements differ in.
struct Scripts {
    using Element = ScriptFilter;
    static constexpr std::string_view word = "ScriptFilter", title = "Script Filters",
                                      prompt = "scriptFilter", key_name = "name";
    static std::vector<ScriptFilter>& of(FilterDefinitions& all) { return all.scripts; }
    static std::string key(const ScriptFilter& one) { return one.name; }
    static std::optional<std::string> give_key(ScriptFilter& one, const std::string& key) {
        one.name = key;
        return std::nullopt;
    }
    static void put(FilterDefinitions& all, ScriptFilter one) { all.scripts.push_back(std::move(one)); }
    static settings::Table table() { return filter::script_filter_table(); }
    static bool shown(std::string_view) { return true; }
};
struct Actives {
    using Element = ActiveFilter;
    static constexpr std::string_view word = "ActiveFilter", title = "Active Filters",
                                      prompt = "activeFilter", key_name = "priority";
    static std::vector<ActiveFilter>& of(FilterDefinitions& all) { return all.active; }
    static std::string key(const ActiveFilter& one) { return std::to_string(one.priority); }
    static std::optional<std::string> give_key(ActiveFilter& one, const std::string& key) {
        unsigned priority = 0;
        for (char c : key) {
            if (c < '0' || c > '9' || key.size() > 3) return "the priority is 0 to 500";
            priority = priority * 10 + static_cast<unsigned>(c - '0');
        }
        one.priority = priority;
        return std::nullopt;
    }
    static void put(FilterDefinitions& all, ActiveFilter one) { filter::insert(all, std::move(one)); }
    static settings::Table table() { return filter::active_filter_table(); }
    static bool shown(std::string_view row) { return row != "applyOn"; }  // matters for the server's alone
};

template <class What>
std::optional<typename What::Element> find(FilterDefinitions& all, std::string_view key) {
    auto& elements = What::of(all);
    auto at = std::ranges::find_if(elements, [&](const auto& one) { return What::key(one) == key; });
    return at == elements.end() ? std::nullopt : std::optional{*at};
}

template <class What>
class ElementFrame final : public Frame {
public:
    using Element = typename What::Element;
    /// @param before  its key so far; "": a new one
    ElementFrame(Shell& shell, const Context& context, FiltersFrame& filters, std::string before,
                 Element form)
        : Frame{shell, context},
          filters_{filters},
          before_{std::move(before)},
          start_{form},
          form_{std::move(form)} {}

    std::string title() const override { return fmt::format("the {} {}", What::word, What::key(form_)); }
    void* values() override { return &form_; }
    Step<> done() override {
        return filters_.edit([before = before_, form = form_](FilterDefinitions& all) -> Step<> {
            auto& elements = What::of(all);
            auto is = [&](const Element& one) { return What::key(one) == before; };
            if (!before.empty() && std::erase_if(elements, is) == 0)
                return std::unexpected(fmt::format("there is no {} {} any longer", What::word, before));
            if (find<What>(all, What::key(form)))
                return std::unexpected(
                    fmt::format("there is one with the {} {} already", What::key_name, What::key(form)));
            What::put(all, form);
            return {};
        });
    }
    Step<> reload() override {
        form_ = start_;
        return {};
    }
    FiltersFrame& filters() { return filters_; }
    const Element& form() const { return form_; }

private:
    FiltersFrame& filters_;
    std::string before_;
    Element start_, form_;
};

FiltersFrame& frame_of(Call& call) {
    return static_cast<FiltersFrame&>(call.frame);
}

template <class What>
Reply open(Call& call, bool add) {
    FiltersFrame& frame = frame_of(call);
    const std::string& key = call.given.text("key");
    auto all = frame.definitions();
    if (!all) return error(all.error());
    auto form = find<What>(*all, key);
    if (add && form) return error(fmt::format("there is one with the {} {} already", What::key_name, key));
    if (!add && !form) return error(fmt::format("there is no {} {}", What::word, key));
    if (add) {
        form.emplace();
        if (auto wrong = What::give_key(*form, key)) return error(*wrong);
    }
    auto child = std::make_unique<ElementFrame<What>>(
        call.shell, call.shell.tree().at(fmt::format("{}/{}", frame.context().path, What::word)), frame,
        add ? std::string{} : key, std::move(*form));
    return enter_with(call, std::move(child));
}

template <class What>
Reply remove(Call& call) {
    const std::string key = call.given.text("key");
    auto done = frame_of(call).edit([key](FilterDefinitions& all) -> Step<> {
        auto used = [&](const ActiveFilter& one) {
            return one.type == filter::FilterType::script && one.name == key;
        };
        if (std::is_same_v<What, Scripts> && std::ranges::any_of(all.active, used))
            return std::unexpected(key + " is active: remove the ActiveFilter first");
        if (std::erase_if(What::of(all), [&](const auto& one) { return What::key(one) == key; }) == 0)
            return std::unexpected(fmt::format("there is no {} {}", What::word, key));
        return {};
    });
    return done ? ok() : error(done.error());
}

template <class What>
Reply show(Call& call) {
    const std::string& key = call.given.text("key");
    auto all = frame_of(call).definitions();
    if (!all) return error(all.error());
    auto form = find<What>(*all, key);
    if (!form) return error(fmt::format("there is no {} {}", What::word, key));
    const Context& context =
        call.shell.tree().at(fmt::format("{}/{}", frame_of(call).context().path, What::word));
    NamedValues values;
    for (const AttributePlace& place : attribute_places(context, &*form)) {
        std::string text = shown_value(place.row, place.object);
        if (auto wanted = call.given.maybe("param"); wanted && settings::same_name(*wanted, place.row.name))
            return ok(one_attribute(place.row.name, text));
        values.emplace_back(place.row.name, std::move(text));
    }
    if (call.given.has("param"))
        return error(fmt::format("there is no attribute {}", call.given.text("param")));
    return ok(attributes(fmt::format("{} {}", What::word, key), values, Shown::child));
}

template <class What>
std::string listed(const Context& context, FilterDefinitions& all, std::string_view title) {
    Row headings;
    std::vector<Row> rows;
    typename What::Element none;
    for (const AttributePlace& place : attribute_places(context, &none))
        headings.emplace_back(place.row.name);
    for (auto& one : What::of(all)) {
        Row row;
        for (const AttributePlace& place : attribute_places(context, &one)) {
            const settings::Value value = settings::get_value(place.row, place.object);
            row.push_back(value.words.empty() ? std::string{} : value.words.front().text);
        }
        rows.push_back(std::move(row));
    }
    return table(title, headings, rows);
}

template <class What>
std::string listed(Call& call, FilterDefinitions& all, std::string_view title) {
    return listed<What>(call.shell.tree().at(fmt::format("{}/{}", frame_of(call).context().path, What::word)),
                        all, title);
}

template <class What>
Reply list(Call& call) {
    auto all = frame_of(call).definitions();
    if (!all) return error(all.error());
    return ok(listed<What>(call, *all, What::title));
}

Reply list_all(Call& call) {
    auto all = frame_of(call).definitions();
    if (!all) return error(all.error());
    return ok(listed<Scripts>(call, *all, Scripts::title) + listed<Actives>(call, *all, Actives::title));
}

Reply upload(Call& call) {
    auto& frame = static_cast<ElementFrame<Scripts>&>(call.frame);
    if (frame.form().file.empty()) return error("say into which file: SET file <path>");
    call.shell.read_text([&frame](std::string text) {
        auto done = frame.filters().set_file(frame.form().file, std::move(text));
        return done ? ok() : error(done.error());
    });
    return {true, {}, "send the script, and a line with the end sequence"};
}

template <class What>
void add_commands(std::vector<Command>& all, Need need, std::string_view needed) {
    all.push_back({fmt::format("LIST {}s", What::word), "Which there are", list<What>, need});
    all.push_back({fmt::format("ADD {} [{}] <key> [<attributes>...]", What::word, What::key_name),
                   fmt::format("Make one: goes to its context; it needs {}", needed),
                   [](Call& call) { return open<What>(call, true); }, need});
    all.push_back({fmt::format("UPDATE {} [{}] <key> [<attributes>...]", What::word, What::key_name),
                   "Go to its context", [](Call& call) { return open<What>(call, false); }, need});
    all.push_back(
        {fmt::format("REMOVE {} [{}] <key>", What::word, What::key_name), "Remove it", remove<What>, need});
    all.push_back({fmt::format("SHOW {} [{}] <key> [ATTR <param>]", What::word, What::key_name),
                   "Its attributes", show<What>, need});
}

template <class What>
Context element_context(const std::string& path, const std::string& prompt, Need need, std::string help) {
    Context context;
    context.path = fmt::format("{}/{}", path, What::word);
    context.prompt = fmt::format("{}-{}", prompt, What::prompt);
    context.exit = Exit::done;
    context.help = std::move(help);
    context.attributes = What::table();
    context.shown = What::shown;
    context.need = need;
    return context;
}

}  // namespace

std::vector<Command> definition_commands(Need need) {
    std::vector<Command> all;
    add_commands<Scripts>(all, need, "file <path>");
    add_commands<Actives>(all, need, "filterName <name> filterType <script|socket|integrated>");
    all.push_back({"LIST Filters", "Script filters and active filters", list_all, need});
    return all;
}

void add_definition_contexts(std::vector<Context>& all, const std::string& path, const std::string& prompt,
                             Need need) {
    Context script = element_context<Scripts>(path, prompt, need, "A script that can be activated");
    script.commands.push_back(
        {"UPLOAD filter", "Write the file that it names, with the next COMMIT", upload, need});
    all.push_back(std::move(script));
    all.push_back(element_context<Actives>(path, prompt, need, "A filter at its place in the order"));
}

}  // namespace postrider::cli
