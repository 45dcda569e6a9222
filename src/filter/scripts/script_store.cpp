#include "filter/scripts/script_store.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/codec.h"
#include "text/utf8.h"

namespace postrider::filter {
namespace {

constexpr std::string_view text_prefix = "Fs", active_prefix = "Fa";
constexpr std::size_t max_name = 512;

std::string of(std::string_view prefix, const ScriptOwner& owner) {
    std::string key{prefix};
    key.push_back(static_cast<char>(owner.kind));
    put_be(key, owner.id);
    return key;
}

std::string text_key(const ScriptOwner& owner, std::string_view name) {
    return of(text_prefix, owner).append(name);
}

/// The first key behind all that begin with this.
std::string behind(std::string key) {
    while (!key.empty() && static_cast<unsigned char>(key.back()) == 0xff) key.pop_back();
    if (!key.empty()) key.back() = static_cast<char>(static_cast<unsigned char>(key.back()) + 1);
    return key;
}

std::unexpected<ScriptFailure> fail(ScriptError kind, std::string what) {
    return std::unexpected(ScriptFailure{kind, std::move(what)});
}
std::unexpected<ScriptFailure> fail(const kv::Failure& failure) {
    return fail(ScriptError::storage, failure.what);
}
std::unexpected<ScriptFailure> none(std::string_view name) {
    return fail(ScriptError::no_such_script, fmt::format("There is no script '{}'", name));
}

ScriptResult<> check_name(std::string_view name) {
    if (name.empty()) return fail(ScriptError::bad_name, "A script needs a name");
    if (name.size() > max_name)
        return fail(ScriptError::bad_name, fmt::format("A script's name has at most {} octets", max_name));
    if (!text::valid_utf8(name)) return fail(ScriptError::bad_name, "A script's name is UTF-8");
    // RFC 5804 §1.6: no C0 and C1 controls, no line and paragraph separator.
    const bool control =
        std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    bool separator = name.find("\xe2\x80\xa8") != name.npos || name.find("\xe2\x80\xa9") != name.npos;
    for (std::size_t i = 0; i + 1 < name.size(); ++i)
        separator |= name[i] == '\xc2' && static_cast<unsigned char>(name[i + 1]) < 0xa0;
    if (control || separator) return fail(ScriptError::bad_name, "A script's name has no control characters");
    return {};
}

}  // namespace

bool is_rules_script(std::string_view name) {
    return name == webmail_script || name == server_rules_script || name == domain_rules_script
           || name == account_rules_script || name == template_script;
}

ScriptResult<> ScriptStore::write(const ScriptOwner& owner, kv::Batch batch) {
    auto written = store_.write(std::move(batch), kv::Durability::now);
    if (!written) return fail(written.error());
    if (changed_) changed_(owner);
    return {};
}

ScriptResult<std::string> ScriptStore::active_name(const ScriptOwner& owner) const {
    auto found = store_.get(of(active_prefix, owner));
    if (!found) return fail(found.error());
    return found->value_or("");
}

ScriptResult<std::vector<ScriptInfo>> ScriptStore::list(const ScriptOwner& owner) const {
    auto active = active_name(owner);
    if (!active) return std::unexpected(active.error());
    const std::string begin = of(text_prefix, owner);
    auto cursor = store_.scan(begin, behind(begin));
    std::vector<ScriptInfo> all;
    for (; cursor->valid(); cursor->next()) {
        ScriptInfo info;
        info.name = cursor->key().substr(begin.size());
        info.active = info.name == *active;
        info.size = cursor->value().size();
        all.push_back(std::move(info));
    }
    if (auto ok = cursor->status(); !ok) return fail(ok.error());
    return all;
}

ScriptResult<std::string> ScriptStore::get(const ScriptOwner& owner, std::string_view name) const {
    if (auto ok = check_name(name); !ok) return std::unexpected(ok.error());
    auto found = store_.get(text_key(owner, name));
    if (!found) return fail(found.error());
    if (!*found) return none(name);
    return std::move(**found);
}

ScriptResult<> ScriptStore::room(const ScriptOwner& owner, std::string_view name, std::size_t octets) const {
    if (auto ok = check_name(name); !ok) return ok;
    if (octets > limits_.octets)
        return fail(ScriptError::too_large, fmt::format("A script has at most {} octets", limits_.octets));
    auto all = list(owner);
    if (!all) return std::unexpected(all.error());
    if (all->size() >= limits_.scripts && std::ranges::find(*all, name, &ScriptInfo::name) == all->end())
        return fail(ScriptError::too_many, fmt::format("There are at most {} scripts", limits_.scripts));
    return {};
}

ScriptResult<> ScriptStore::put(const ScriptOwner& owner, std::string_view name, std::string_view text) {
    if (auto ok = room(owner, name, text.size()); !ok) return ok;
    kv::Batch batch;
    batch.put(text_key(owner, name), text);
    return write(owner, std::move(batch));
}

ScriptResult<> ScriptStore::remove(const ScriptOwner& owner, std::string_view name) {
    if (auto there = get(owner, name); !there) return std::unexpected(there.error());
    auto active = active_name(owner);
    if (!active) return std::unexpected(active.error());
    if (*active == name)
        return fail(ScriptError::active, fmt::format("The script '{}' is active: deactivate it first", name));
    kv::Batch batch;
    batch.erase(text_key(owner, name));
    return write(owner, std::move(batch));
}

ScriptResult<> ScriptStore::rename(const ScriptOwner& owner, std::string_view from, std::string_view to) {
    auto text = get(owner, from);
    if (!text) return std::unexpected(text.error());
    if (auto ok = check_name(to); !ok) return ok;
    if (from == to) return {};
    if (auto taken = get(owner, to))
        return fail(ScriptError::exists, fmt::format("There is a script '{}' already", to));
    else if (taken.error().kind != ScriptError::no_such_script)
        return std::unexpected(taken.error());
    auto active = active_name(owner);
    if (!active) return std::unexpected(active.error());
    kv::Batch batch;
    batch.erase(text_key(owner, from));
    batch.put(text_key(owner, to), *text);
    if (*active == from) batch.put(of(active_prefix, owner), to);
    return write(owner, std::move(batch));
}

ScriptResult<> ScriptStore::activate(const ScriptOwner& owner, std::string_view name) {
    kv::Batch batch;
    if (name.empty()) {
        batch.erase(of(active_prefix, owner));
    } else {
        if (auto there = get(owner, name); !there) return std::unexpected(there.error());
        batch.put(of(active_prefix, owner), name);
    }
    return write(owner, std::move(batch));
}

ScriptResult<std::vector<RunningScript>> ScriptStore::running(const ScriptOwner& owner) const {
    auto active = active_name(owner);
    if (!active) return std::unexpected(active.error());
    std::vector<RunningScript> all;
    auto take = [&](std::string_view name) -> ScriptResult<> {
        auto text = get(owner, name);
        if (text) all.push_back({std::string{name}, std::move(*text)});
        if (!text && text.error().kind != ScriptError::no_such_script) return std::unexpected(text.error());
        return {};
    };
    const std::string_view rules = owner.kind == ScriptOwner::Kind::server   ? server_rules_script
                                   : owner.kind == ScriptOwner::Kind::domain ? domain_rules_script
                                   : owner.kind == ScriptOwner::Kind::admin  ? account_rules_script
                                                                             : webmail_script;
    if (auto ok = take(rules); !ok) return std::unexpected(ok.error());
    if (!active->empty() && *active != rules)
        if (auto ok = take(*active); !ok) return std::unexpected(ok.error());
    return all;
}

void ScriptStore::forget(const ScriptOwner& owner, kv::Batch& batch) {
    const std::string begin = of(text_prefix, owner);
    batch.erase_range(begin, behind(begin));
    batch.erase(of(active_prefix, owner));
}

}  // namespace postrider::filter
