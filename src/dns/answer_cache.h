#pragma once

#include <array>
#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "dns/resolver.h"

namespace postrider::dns {

/// Answers by name and type, until their time to live is over. Bounded by entries and by octets of each type;
/// what was used longest ago goes first. Thread-safe.
class AnswerCache {
public:
    using Now = std::chrono::steady_clock::time_point;

    explicit AnswerCache(std::size_t entries_per_type);

    /// With what is left of its time to live. @param name  as canonical_name() gives it
    std::optional<Answer> find(Type type, const std::string& name, Now now);
    /// Keeps found, no_data and no_name whose time to live is not 0, for a day at most; others are not kept.
    void put(Type type, const std::string& name, const Answer& answer, Now now);
    void clear();
    void resize(std::size_t entries_per_type);
    std::size_t size() const;

private:
    struct Entry {
        std::string name;
        std::shared_ptr<const Answer> answer;
        Now until;
        std::size_t octets = 0;
    };
    struct Shelf {
        std::list<Entry> entries;  ///< the one used last is first
        std::unordered_map<std::string_view, std::list<Entry>::iterator> by_name;  ///< views of Entry::name
        std::size_t octets = 0;
        void erase(std::list<Entry>::iterator entry);
    };
    static constexpr std::size_t shelves = 64;  ///< RR types that are asked for lie below

    std::size_t room() const;  ///< octets of one shelf

    mutable std::mutex mutex_;
    std::size_t limit_;
    std::array<Shelf, shelves> shelf_;
};

}  // namespace postrider::dns
