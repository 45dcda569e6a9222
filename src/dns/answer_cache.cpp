#include "dns/answer_cache.h"

namespace postrider::dns {
namespace {

constexpr std::chrono::seconds longest{86'400};
constexpr std::size_t entry_overhead = 200;
constexpr std::size_t octets_per_entry = 2048;  ///< on average; most answers take a tenth of it

std::size_t octets_of(const std::string& name, const Answer& answer) {
    std::size_t octets = entry_overhead + name.size() + answer.canonical_name.size();
    for (const std::string& record : answer.records) octets += sizeof record + record.size();
    return octets;
}

bool worth_keeping(const Answer& answer) {
    switch (answer.outcome) {
        case Outcome::found:
        case Outcome::no_data:
        case Outcome::no_name: return answer.ttl.count() > 0;
        case Outcome::temporary:
        case Outcome::bogus: return false;
    }
    return false;
}

}  // namespace

AnswerCache::AnswerCache(std::size_t entries_per_type) : limit_{entries_per_type} {}

void AnswerCache::Shelf::erase(std::list<Entry>::iterator entry) {
    octets -= entry->octets;
    by_name.erase(entry->name);
    entries.erase(entry);
}

std::size_t AnswerCache::room() const {
    return std::max<std::size_t>(limit_ * octets_per_entry, 256 << 10);
}

std::optional<Answer> AnswerCache::find(Type type, const std::string& name, Now now) {
    std::shared_ptr<const Answer> kept;
    Now until;
    {
        std::lock_guard lock{mutex_};
        Shelf& shelf = shelf_[static_cast<std::size_t>(type) % shelves];
        auto at = shelf.by_name.find(name);
        if (at == shelf.by_name.end()) return std::nullopt;
        const auto entry = at->second;
        if (entry->until <= now) {
            shelf.erase(entry);
            return std::nullopt;
        }
        shelf.entries.splice(shelf.entries.begin(), shelf.entries, entry);
        kept = entry->answer;
        until = entry->until;
    }
    Answer out = *kept;
    out.ttl = std::chrono::ceil<std::chrono::seconds>(until - now);
    return out;
}

void AnswerCache::put(Type type, const std::string& name, const Answer& answer, Now now) {
    if (!worth_keeping(answer)) return;
    Entry entry{name, std::make_shared<const Answer>(answer), now + std::min(answer.ttl, longest),
                octets_of(name, answer)};
    std::lock_guard lock{mutex_};
    Shelf& shelf = shelf_[static_cast<std::size_t>(type) % shelves];
    if (auto at = shelf.by_name.find(name); at != shelf.by_name.end()) shelf.erase(at->second);
    shelf.octets += entry.octets;
    shelf.entries.push_front(std::move(entry));
    shelf.by_name.emplace(shelf.entries.front().name, shelf.entries.begin());
    while (shelf.entries.size() > limit_ || shelf.octets > room())
        shelf.erase(std::prev(shelf.entries.end()));
}

void AnswerCache::clear() {
    std::lock_guard lock{mutex_};
    for (Shelf& shelf : shelf_) shelf = {};
}

void AnswerCache::resize(std::size_t entries_per_type) {
    std::lock_guard lock{mutex_};
    limit_ = entries_per_type;
    for (Shelf& shelf : shelf_)
        while (shelf.entries.size() > limit_ || shelf.octets > room())
            shelf.erase(std::prev(shelf.entries.end()));
}

std::size_t AnswerCache::size() const {
    std::lock_guard lock{mutex_};
    std::size_t all = 0;
    for (const Shelf& shelf : shelf_) all += shelf.entries.size();
    return all;
}

}  // namespace postrider::dns
