#include "cli/contexts/settings_frame.h"

#include <fmt/core.h>

#include "cli/wire/layout.h"
#include "settings/reader.h"
#include "settings/table.h"
#include "settings/value.h"
#include "settings/writer.h"

namespace postrider::cli {
namespace {

using settings::Kind;

/// Elements of this set have no name of their own: they are told apart by their place, from 1 on.
bool by_place(const settings::Row& set) {
    return key_name(set) == place_key;
}

Step<settings::Place> find_place(settings::Table table, void* object, std::string_view name) {
    const auto places = settings::open(table, object);
    const settings::Place* place = settings::find(places, name);
    if (place == nullptr) return std::unexpected(fmt::format("there is no {} in the settings", name));
    return *place;
}

std::string fault(const settings::Row& row, const settings::ValueError& wrong) {
    return fmt::format("{}: {}{}{}", row.name, wrong.problem,
                       wrong.allowed.empty() ? "" : "; allowed: ", wrong.allowed);
}

}  // namespace

std::string key_of(const settings::Place& set, std::size_t index) {
    if (by_place(set.row)) return std::to_string(index + 1);
    void* element = set.row.field.element(set.object, index);
    for (const settings::Place& place : settings::open(set.row.field.table(), element)) {
        if (!settings::same_name(place.row.name, key_name(set.row))) continue;
        settings::Value value = settings::get_value(place.row, place.object);
        return value.words.empty() ? std::string{} : value.words.front().text;
    }
    return {};
}

std::optional<std::size_t> find_element(const settings::Place& set, std::string_view key) {
    const std::size_t count = set.row.field.size(set.object);
    for (std::size_t i = 0; i < count; ++i)
        if (settings::same_name(key_of(set, i), key)) return i;
    return std::nullopt;
}

std::string_view key_name(const settings::Row& set) {
    constexpr std::pair<std::string_view, std::string_view> others[] = {
        {"rules", "priority"}, {"allowRules", "ipSet"}, {"denyRules", "ipSet"}, {"nameServers", "priority"}};
    if (!set.key.empty()) return set.key;
    for (const auto& [name, key] : others)
        if (settings::same_name(name, set.name)) return key;
    return place_key;
}

Step<SettingsTarget> find_target(settings::Table table, void* root, const SettingsPath& path) {
    SettingsTarget at{table, root};
    for (const SettingsStep& step : path) {
        auto place = find_place(at.table, at.object, step.row);
        if (!place) return std::unexpected(place.error());
        at.table = place->row.field.table();
        if (place->row.field.kind == Kind::object) {
            at.object = place->row.field.member(place->object);
            continue;
        }
        auto index = find_element(*place, step.key);
        if (!index)
            return std::unexpected(
                fmt::format("there is no {} {} in {} any longer", key_name(place->row), step.key, step.row));
        at.object = place->row.field.element(place->object, *index);
    }
    return at;
}

Step<> apply_edit(settings::Table table, void* root, const SettingsEdit& edit) {
    auto target = find_target(table, root, edit.path);
    if (!target) return std::unexpected(target.error());
    auto place = find_place(target->table, target->object, edit.name);
    if (!place) return std::unexpected(place.error());
    if (edit.kind == SettingsEdit::Kind::set) {
        auto stored = settings::set_value(place->row, place->object, edit.value);
        if (!stored) return std::unexpected(fault(place->row, stored.error()));
        return {};
    }
    const settings::Access& field = place->row.field;
    std::string key = edit.value.words.empty() ? std::string{} : edit.value.words.front().text;
    auto index = find_element(*place, key);
    if (edit.kind == SettingsEdit::Kind::remove) {
        if (!index) return std::unexpected(fmt::format("there is no {} {}", key_name(place->row), key));
        // Written out and read again without it: the one way that every kind of element knows.
        settings::WriteOptions everything;
        everything.all = true;
        auto defaults = target->table.make();
        settings::Object tree = settings::to_tree(target->table, target->object, defaults.get(), everything);
        std::erase_if(tree.attributes, [&](const settings::Attribute& one) {
            return !settings::same_name(one.name, edit.name);
        });
        if (tree.attributes.size() != 1 || tree.attributes[0].value.objects.size() <= *index)
            return std::unexpected(fmt::format("{} cannot be removed", key));
        auto& objects = tree.attributes[0].value.objects;
        objects.erase(objects.begin() + static_cast<std::ptrdiff_t>(*index));
        if (objects.empty()) tree.attributes[0].value.shape = settings::Value::Shape::words;
        field.clear(place->object);
        settings::Diagnostics found;
        settings::read(target->table, target->object, tree, "", found);
        for (const settings::Diagnostic& one : found)
            if (one.severity == settings::Severity::error) return std::unexpected(one.text());
        return {};
    }
    if (index)
        return std::unexpected(fmt::format("there is one with the {} {} already", key_name(place->row), key));
    if (!place->row.range.any()
        && static_cast<std::int64_t>(field.size(place->object)) >= place->row.range.max)
        return std::unexpected(fmt::format("there are {} already, which is the most", place->row.range.max));
    void* element = field.append(place->object);
    if (by_place(place->row)) return {};
    auto key_place = find_place(field.table(), element, key_name(place->row));
    if (!key_place) return std::unexpected(key_place.error());
    if (auto stored = settings::set_value(key_place->row, key_place->object, edit.value); !stored) {
        field.remove_last(place->object);
        return std::unexpected(fault(key_place->row, stored.error()));
    }
    return {};
}

SettingsFrame::SettingsFrame(Shell& shell, const Context& context, SettingsPath path, SettingsFrame* parent)
    : Frame{shell, context}, path_{std::move(path)}, parent_{parent} {}

std::string SettingsFrame::title() const {
    std::string text = "Server";
    for (const SettingsStep& step : path_) {
        text += "." + step.row;
        if (!step.key.empty()) text += "[" + step.key + "]";
    }
    return text;
}

void SettingsFrame::replay_parents(void* root, Step<>& so_far) const {
    if (parent_ != nullptr) parent_->replay_parents(root, so_far);
    for (const SettingsEdit& one : edits_)
        if (so_far) so_far = apply_edit(shell_.live().table(), root, one);
}

Step<> SettingsFrame::rebuild() {
    object_ = nullptr;
    root_ = shell_.live().settings();
    Step<> good;
    replay_parents(root_.get(), good);
    if (!good) return good;
    auto target = find_target(shell_.live().table(), root_.get(), path_);
    if (!target) return std::unexpected(target.error());
    table_ = target->table;
    object_ = target->object;
    return {};
}

void* SettingsFrame::holder() {
    if (!rebuild()) return nullptr;
    return object_;
}

Step<> SettingsFrame::edit(SettingsEdit edit) {
    edits_.push_back(std::move(edit));
    auto good = rebuild();
    if (good) return good;
    edits_.pop_back();
    return good;
}

Step<> SettingsFrame::set(std::string_view attribute, const settings::Value& value) {
    bool is_key = false;
    if (!path_.empty() && !path_.back().key.empty()) {
        // Renamed: what follows finds the element by its new key.
        SettingsPath above{path_.begin(), path_.end() - 1};
        if (auto holder = values() == nullptr
                              ? Step<SettingsTarget>{std::unexpected(std::string{"it is gone"})}
                              : find_target(shell_.live().table(), root_.get(), above)) {
            auto place = find_place(holder->table, holder->object, path_.back().row);
            is_key = place && settings::same_name(key_name(place->row), attribute);
            if (is_key && !value.words.empty()) {
                auto other = find_element(*place, value.words.front().text);
                if (other && !settings::same_name(value.words.front().text, path_.back().key))
                    return std::unexpected(fmt::format("there is one with the {} {} already", attribute,
                                                       value.words.front().text));
            }
        }
    }
    if (!is_key) return edit({SettingsEdit::Kind::set, path_, std::string{attribute}, value});
    SettingsPath before = path_;
    edits_.push_back({SettingsEdit::Kind::set, path_, std::string{attribute}, value});
    path_.back().key = value.words.front().text;
    auto good = rebuild();
    if (good) return good;
    edits_.pop_back();
    path_ = std::move(before);
    return good;
}

Step<std::string> SettingsFrame::commit() {
    if (edits_.empty()) return std::string{};
    auto root = shell_.live().settings();
    for (const SettingsEdit& one : edits_)
        if (auto good = apply_edit(shell_.live().table(), root.get(), one); !good)
            return std::unexpected(good.error());
    // Held against what the file's reader takes, so that a start with what is saved finds the same.
    auto defaults = shell_.live().table().make();
    std::string text =
        settings::print(settings::to_tree(shell_.live().table(), root.get(), defaults.get(), {}));
    auto again = shell_.live().table().make();
    for (const settings::Diagnostic& one : settings::read_text(shell_.live().table(), again.get(), text, ""))
        return std::unexpected(fmt::format("{}: {}{}{}", one.key, one.problem,
                                           one.allowed.empty() ? "" : "; allowed: ", one.allowed));
    auto applied = shell_.live().apply(root.get());
    if (!applied) return std::unexpected(applied.error());
    if (!applied->problems.empty()) {
        std::string all;
        for (const std::string& one : applied->problems) all += (all.empty() ? "" : "; ") + one;
        return std::unexpected(all);
    }
    std::string notes;
    if (shell_.quiet()) return notes;
    for (const std::string& one : applied->needs_restart)
        notes += one + " counts from the next start on.\r\n";
    for (const std::string& one : applied->warnings) notes += clean(one) + "\r\n";
    return notes;
}

Step<> SettingsFrame::done() {
    if (parent_ == nullptr) return {};
    parent_->edits_.insert(parent_->edits_.end(), edits_.begin(), edits_.end());
    return {};
}

Step<> SettingsFrame::reload() {
    edits_.clear();
    return rebuild();
}

Reply save_config(Call& call) {
    const std::string& suffix = call.given.text("path");
    admin::LiveServer& live = call.shell.live();
    if (suffix.empty()) {
        if (auto saved = live.save(); !saved) return error(saved.error());
        return ok();
    }
    for (char c : suffix)
        if (c == '/' || suffix.size() > 100)
            return error("what follows is appended to the file's name: no / and at most 100 octets");
    if (live.configuration_file().empty()) return error("this server has no configuration file");
    auto now = live.settings();
    auto defaults = live.table().make();
    std::string text = settings::print(settings::to_tree(live.table(), now.get(), defaults.get(), {}));
    std::string file = live.configuration_file() + "." + suffix;
    if (auto saved = settings::save_file(file, text); !saved) return error(saved.error());
    return call.shell.quiet() ? ok() : ok(file + "\r\n");
}

}  // namespace postrider::cli
