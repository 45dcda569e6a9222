#include "filter/chain/registry.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>

#include "filter/chain/presets.h"

namespace postrider::filter {
namespace {

/// Accounts whose steps are kept; most have none, which costs a pointer.
constexpr std::size_t max_cached = 200'000;
constexpr std::size_t max_file = 1u << 20;
constexpr auto look_every = std::chrono::seconds{2};
/// Scripts without a number of their own run behind those that have one.
constexpr unsigned last_priority = 501;

struct Stamp {
    std::filesystem::file_time_type written{};
    std::uintmax_t size = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
};

Stamp stamp_of(const std::filesystem::path& file) {
    std::error_code error;
    Stamp stamp;
    stamp.written = std::filesystem::last_write_time(file, error);
    stamp.size = std::filesystem::file_size(file, error);
    return error ? Stamp{} : stamp;
}

}  // namespace

Registry::Registry(Parts parts) : parts_{std::move(parts)} {}

std::vector<std::string> Registry::configure(const ChainSettings& settings) {
    std::vector<std::string> problems;
    {
        std::unique_lock lock{mutex_};
        settings_ = settings;
        ++generation_;
        server_made_ = false;
        server_ = nullptr;
        domains_.clear();
        objects_.clear();
        accounts_.clear();
    }
    Steps tried;
    FilterDefinitions of_server{settings.scripts, settings.active};
    add(tried, of_server, nullptr, &problems);
    return problems;
}

void Registry::changed(const DefinitionOwner&) {
    forget_all();
}

void Registry::changed(const ScriptOwner& owner) {
    std::unique_lock lock{mutex_};
    ++generation_;
    switch (owner.kind) {
        case ScriptOwner::Kind::server:
            server_made_ = false;
            server_ = nullptr;
            break;
        case ScriptOwner::Kind::domain: domains_.erase(owner.id); break;
        case ScriptOwner::Kind::account:
        case ScriptOwner::Kind::admin: accounts_.erase(owner.id); break;
    }
}

void Registry::forget_all() {
    std::unique_lock lock{mutex_};
    ++generation_;
    server_made_ = false;
    server_ = nullptr;
    domains_.clear();
    objects_.clear();
    accounts_.clear();
}

std::vector<ScriptFilter> Registry::server_scripts() const {
    std::shared_lock lock{mutex_};
    return settings_.scripts;
}

/// Scripts may include others of their owner's, and the server's as global ones (RFC 6609 §3.2).
std::shared_ptr<const sieve::Script> Registry::compile(const std::string& text, const ScriptOwner& owner,
                                                       const std::string& what) const {
    sieve::Options options;
    options.find_script = [&](sieve::Location where, const std::string& name) -> std::optional<std::string> {
        auto found =
            parts_.scripts.get(where == sieve::Location::personal ? owner : ScriptOwner::of_server(), name);
        return found ? std::optional{std::move(*found)} : std::nullopt;
    };
    auto compiled = sieve::compile(text, options);
    if (compiled) return compiled->script;
    for (const sieve::Problem& problem : compiled.error())
        parts_.log.error({}, "{} is not run: {}", what, problem.shown());
    return nullptr;
}

std::shared_ptr<const sieve::Script> Registry::script_file(const std::filesystem::path& file) const {
    const std::filesystem::path path = parts_.directory_path / file;
    const Stamp stamp = stamp_of(path);
    std::lock_guard lock{files_mutex_};
    auto [at, fresh] = files_.try_emplace(path);
    if (!fresh && Stamp{at->second.written, at->second.size} == stamp) return at->second.script;
    at->second = {stamp.written, stamp.size, nullptr};
    std::ifstream in{path, std::ios::binary};
    std::string text(max_file + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    if (!in && !in.eof()) {
        parts_.log.error({}, "The script {} cannot be read: its filter lets everything pass", path.string());
        return nullptr;
    }
    if (text.size() > max_file) {
        parts_.log.error({}, "The script {} is larger than 1 MB: its filter lets everything pass",
                         path.string());
        return nullptr;
    }
    at->second.script = compile(text, ScriptOwner::of_server(), fmt::format("The script {}", path.string()));
    return at->second.script;
}

FilterDefinitions Registry::definitions(const DefinitionOwner& owner) const {
    auto found = parts_.definitions.get(owner);
    if (found) return std::move(*found);
    parts_.log.error({}, "Filters cannot be read: {}", found.error().what);
    return {};
}

void Registry::add(Steps& steps, const FilterDefinitions& definitions, const FilterDefinitions* also,
                   std::vector<std::string>* problems) const {
    auto problem = [&](std::string text) {
        if (problems) problems->push_back(std::move(text));
    };
    for (const ActiveFilter& active : definitions.active) {
        Step step;
        step.priority = active.priority;
        step.name = active.name;
        step.local = active.apply_on.has(Applies::local);
        step.relay = active.apply_on.has(Applies::relay);
        if (active.type == FilterType::script) {
            auto find = [&](const std::vector<ScriptFilter>& scripts) {
                auto at = std::ranges::find(scripts, active.name, &ScriptFilter::name);
                return at == scripts.end() ? nullptr : &*at;
            };
            const ScriptFilter* script = find(definitions.scripts);
            // What is defined for the server or the domain can be activated below.
            if (!script && also) script = find(also->scripts);
            if (!script) {
                problem(fmt::format("Active filter {}: there is no script filter of that name", active.name));
                continue;
            }
            step.script = script_file(script->file);
            if (!step.script) {
                problem(fmt::format("Script filter {}: {} cannot be used; the log says why", active.name,
                                    script->file));
                continue;
            }
        } else {
            const auto kind =
                active.type == FilterType::socket ? ScannerKind::socket : ScannerKind::integrated;
            if (parts_.scanners) step.scanner = parts_.scanners->find(kind, active.name);
            if (!step.scanner) {
                problem(fmt::format("Active filter {}: there is no {} filter of that name", active.name,
                                    kind == ScannerKind::socket ? "socket" : "integrated"));
                continue;
            }
        }
        steps.push_back(std::move(step));
    }
}

void Registry::add(Steps& steps, const ScriptOwner& owner) const {
    auto running = parts_.scripts.running(owner);
    if (!running) {
        parts_.log.error({}, "Scripts cannot be read: {}", running.error().what);
        return;
    }
    unsigned priority = last_priority;
    for (const RunningScript& script : *running) {
        Step step;
        step.priority = priority++;
        step.name = script.name;
        step.script = compile(script.text, owner, fmt::format("Script '{}'", script.name));
        if (step.script) steps.push_back(std::move(step));
    }
}

namespace {

std::shared_ptr<const Steps> in_order(Steps steps) {
    if (steps.empty()) return nullptr;
    std::ranges::stable_sort(steps, {}, &Step::priority);
    return std::make_shared<const Steps>(std::move(steps));
}

}  // namespace

std::shared_ptr<const Steps> Registry::server() const {
    look_at_files();
    std::uint64_t generation = 0;
    ChainSettings settings;
    {
        std::shared_lock lock{mutex_};
        if (server_made_) return server_;
        generation = generation_;
        settings = settings_;
    }
    Steps steps;
    add(steps, FilterDefinitions{settings.scripts, settings.active}, nullptr, nullptr);
    add(steps, ScriptOwner::of_server());
    Cached made = in_order(std::move(steps));
    std::unique_lock lock{mutex_};
    if (generation == generation_) {
        server_ = made;
        server_made_ = true;
    }
    return made;
}

Registry::Cached Registry::make_domain(DomainId domain) const {
    Steps steps;
    const FilterDefinitions of_server{server_scripts(), {}};
    add(steps, definitions({DefinitionOwner::Kind::domain, domain.value()}), &of_server, nullptr);
    add(steps, ScriptOwner::of(domain));
    return in_order(std::move(steps));
}

Registry::OfAccount Registry::make_account(AccountId account) const {
    OfAccount made;
    Steps steps;
    FilterDefinitions own = definitions({DefinitionOwner::Kind::account, account.value()});
    if (auto entry = parts_.directory.account(account); entry && *entry) {
        FilterDefinitions of_domain = definitions({DefinitionOwner::Kind::domain, (*entry)->domain.value()});
        auto presets = parts_.definitions.presets((*entry)->domain);
        made.off = switched_off_by(own, presets ? *presets : of_domain.presets);
        if (own.active.empty() && (*entry)->class_id.value() != 0)
            own = definitions({DefinitionOwner::Kind::account_class, (*entry)->class_id.value()});
        if (own.active.empty())
            own = definitions({DefinitionOwner::Kind::account_defaults, (*entry)->domain.value()});
        std::ranges::move(server_scripts(), std::back_inserter(of_domain.scripts));
        // filters.md §1: an account has no scanners of its own.
        std::erase_if(own.active, [](const ActiveFilter& a) { return a.type == FilterType::socket; });
        add(steps, own, &of_domain, nullptr);
    }
    add(steps, ScriptOwner::admin_of(account));
    add(steps, ScriptOwner::of(account));
    made.steps = in_order(std::move(steps));
    return made;
}

std::shared_ptr<const Steps> Registry::domain(DomainId domain) const {
    std::uint64_t generation = 0;
    {
        std::shared_lock lock{mutex_};
        if (auto at = domains_.find(domain.value()); at != domains_.end()) return at->second;
        generation = generation_;
    }
    Cached made = make_domain(domain);
    std::unique_lock lock{mutex_};
    if (generation != generation_) return made;
    if (domains_.size() >= max_cached) domains_.clear();
    domains_.insert_or_assign(domain.value(), made);
    return made;
}

Registry::OfAccount Registry::of_account(AccountId account) const {
    std::uint64_t generation = 0;
    {
        std::shared_lock lock{mutex_};
        if (auto at = accounts_.find(account.value()); at != accounts_.end()) return at->second;
        generation = generation_;
    }
    OfAccount made = make_account(account);
    std::unique_lock lock{mutex_};
    if (generation != generation_) return made;
    if (accounts_.size() >= max_cached) accounts_.clear();
    accounts_.insert_or_assign(account.value(), made);
    return made;
}

std::shared_ptr<const Steps> Registry::account(AccountId account) const {
    return of_account(account).steps;
}

std::shared_ptr<const SwitchedOff> Registry::switched_off(AccountId account) const {
    return of_account(account).off;
}

std::shared_ptr<const Steps> Registry::object(const mime::AddrSpec& address) const {
    if (!parts_.definitions.any_of_objects()) return nullptr;
    const auto domain = parts_.directory.domain(address.domain);
    if (!domain) return nullptr;
    const auto object = parts_.directory.object(domain->id, address.local);
    if (!object || object->kind == directory::ObjectKind::account) return nullptr;
    const std::uint64_t id = object->id.value();
    std::uint64_t generation = 0;
    {
        std::shared_lock lock{mutex_};
        if (auto at = objects_.find(id); at != objects_.end()) return at->second;
        generation = generation_;
    }
    Steps steps;
    FilterDefinitions of_domain = definitions({DefinitionOwner::Kind::domain, domain->id.value()});
    std::ranges::move(server_scripts(), std::back_inserter(of_domain.scripts));
    add(steps, definitions({DefinitionOwner::Kind::object, id}), &of_domain, nullptr);
    Cached made = in_order(std::move(steps));
    std::unique_lock lock{mutex_};
    if (generation != generation_) return made;
    if (objects_.size() >= max_cached) objects_.clear();
    objects_.insert_or_assign(id, made);
    return made;
}

void Registry::look_at_files() const {
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(parts_.clock.now().time_since_epoch()).count();
    auto last = looked_.load(std::memory_order_relaxed);
    if (now - last < look_every.count() || !looked_.compare_exchange_strong(last, now)) return;
    bool changed = false;
    {
        std::lock_guard lock{files_mutex_};
        changed = std::ranges::any_of(files_, [](const auto& file) {
            return Stamp{file.second.written, file.second.size} != stamp_of(file.first);
        });
    }
    if (changed) const_cast<Registry*>(this)->forget_all();
}

}  // namespace postrider::filter
