#pragma once

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "directory/entries.h"

namespace postrider::directory {

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

/// All domains, in memory: they are few beside accounts (a thousand take about half a megabyte), and every
/// address is held against them. Names are in normal form (names.h). Any thread.
class DomainTable {
public:
    using Pointer = std::shared_ptr<const Domain>;

    Pointer find(std::string_view name_or_alias) const {
        std::shared_lock lock{mutex_};
        auto it = by_name_.find(name_or_alias);
        return it == by_name_.end() ? nullptr : it->second;
    }
    Pointer find(DomainId id) const {
        std::shared_lock lock{mutex_};
        auto it = by_id_.find(id);
        return it == by_id_.end() ? nullptr : it->second;
    }
    Pointer primary() const {
        std::shared_lock lock{mutex_};
        if (auto it = by_name_.find(primary_); it != by_name_.end()) return it->second;
        return by_id_.size() == 1 ? by_id_.begin()->second : nullptr;
    }
    void set_primary(std::string name) {
        std::unique_lock lock{mutex_};
        primary_ = std::move(name);
    }
    std::vector<Pointer> all() const {
        std::shared_lock lock{mutex_};
        std::vector<Pointer> found;
        found.reserve(by_id_.size());
        for (const auto& [id, domain] : by_id_) found.push_back(domain);
        return found;
    }
    std::size_t size() const {
        std::shared_lock lock{mutex_};
        return by_id_.size();
    }

    /// Replaces the domain of that id, with all its names.
    void put(Pointer domain) {
        std::unique_lock lock{mutex_};
        remove(domain->id);
        by_name_[domain->name] = domain;
        for (const std::string& alias : domain->aliases) by_name_[alias] = domain;
        DomainId id = domain->id;
        by_id_[id] = std::move(domain);
    }
    void erase(DomainId id) {
        std::unique_lock lock{mutex_};
        remove(id);
    }

private:
    void remove(DomainId id) {
        auto it = by_id_.find(id);
        if (it == by_id_.end()) return;
        by_name_.erase(it->second->name);
        for (const std::string& alias : it->second->aliases) by_name_.erase(alias);
        by_id_.erase(it);
    }

    mutable std::shared_mutex mutex_;
    std::unordered_map<std::string, Pointer, TextHash, std::equal_to<>> by_name_;
    std::unordered_map<DomainId, Pointer> by_id_;
    std::string primary_;
};

}  // namespace postrider::directory
