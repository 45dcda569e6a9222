#pragma once

#include "cli/shell/shell.h"
#include "settings/table.h"

/// Contexts over the server's settings. What a context shows is the configuration in force with the changes
/// of the open contexts on top, made anew whenever it is asked for; so a session that has been open for long
/// never writes back what another has changed.
namespace postrider::cli {

/// From Server { } to an object: names of rows, and for an element of a set the value of its key.
struct SettingsStep {
    std::string row;
    std::string key{};
};
using SettingsPath = std::vector<SettingsStep>;

struct SettingsEdit {
    enum class Kind { set, add, remove } kind = Kind::set;
    SettingsPath path;
    std::string name;       ///< attribute, or the set that an element is added to or removed from
    settings::Value value;  ///< of the attribute, or one word: the key
};

class SettingsFrame : public Frame {
public:
    SettingsFrame(Shell& shell, const Context& context, SettingsPath path, SettingsFrame* parent);

    std::string title() const override;
    void* values() override { return holder(); }
    Step<> set(std::string_view attribute, const settings::Value& value) override;
    Step<std::string> commit() override;
    Step<> done() override;
    Step<> reload() override;

    const SettingsPath& path() const { return path_; }
    /// Remembers a change and shows it from now on; fails when it cannot be made.
    Step<> edit(SettingsEdit edit);
    /// The object that it is about; nullptr: it is gone. What the attributes of the context are rows of may
    /// be an object in it.
    void* holder();
    /// Of that object; good after holder().
    settings::Table table() const { return table_; }

private:
    Step<> rebuild();
    void replay_parents(void* root, Step<>& so_far) const;

    SettingsPath path_;
    SettingsFrame* parent_;
    std::vector<SettingsEdit> edits_;
    std::shared_ptr<void> root_;
    settings::Table table_;
    void* object_ = nullptr;
};

/// The attribute by which an element of a set is known: the set's key, or for sets whose elements may be
/// alike the one that the dialogue uses; place_key where there is none.
std::string_view key_name(const settings::Row& set);
/// Elements that have no name of their own are told apart by their place in the set, from 1 on. Removing one
/// moves those behind it.
inline constexpr std::string_view place_key = "number";
/// The value of an element's key.
std::string key_of(const settings::Place& set, std::size_t index);
std::optional<std::size_t> find_element(const settings::Place& set, std::string_view key);

/// Where a path leads in the settings whose struct begins at `root`.
struct SettingsTarget {
    settings::Table table;
    void* object = nullptr;
};
Step<SettingsTarget> find_target(settings::Table table, void* root, const SettingsPath& path);
Step<> apply_edit(settings::Table table, void* root, const SettingsEdit& edit);

/// SAVE CONFIG [<path>], which the root and all services have.
Reply save_config(Call& call);

}  // namespace postrider::cli
