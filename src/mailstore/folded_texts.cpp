#include "mailstore/folded_texts.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>

namespace postrider::mailstore {
namespace {

constexpr std::size_t first_table = 64;

std::uint32_t hash_of(std::string_view text) {
    return static_cast<std::uint32_t>(std::hash<std::string_view>{}(text));
}

/// The first octets as a number: decides most comparisons without a look at the texts.
std::uint64_t beginning(std::string_view text) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i)
        value = value << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0u);
    return value;
}

}  // namespace

FoldedTexts::FoldedTexts() : octets_(1, '\0'), begins_(1, 0), table_(first_table) {}

std::string_view FoldedTexts::at(Id id) const {
    const std::size_t end = id + std::size_t{1} < begins_.size() ? begins_[id + 1] : octets_.size();
    return std::string_view{octets_}.substr(begins_[id], end - begins_[id] - 1);
}

FoldedTexts::Id FoldedTexts::add(std::string_view folded) {
    if (folded.empty()) return empty;
    const std::uint32_t hash = hash_of(folded);
    const std::size_t mask = table_.size() - 1;
    std::size_t slot = hash & mask;
    for (; table_[slot].id != empty; slot = (slot + 1) & mask)
        if (table_[slot].hash == hash && at(table_[slot].id) == folded) return table_[slot].id;
    const auto id = static_cast<Id>(begins_.size());
    table_[slot] = {hash, id};
    reserve_one_more(begins_);
    begins_.push_back(static_cast<std::uint32_t>(octets_.size()));
    reserve_one_more(octets_, folded.size() + 1);
    octets_.append(folded).push_back('\0');
    if (begins_.size() * 4 > table_.size() * 3) grow_table();
    return id;
}

void FoldedTexts::grow_table() {
    std::vector<Slot> larger(table_.size() * 2);
    const std::size_t mask = larger.size() - 1;
    for (const Slot& one : table_) {
        if (one.id == empty) continue;
        std::size_t slot = one.hash & mask;
        while (larger[slot].id != empty) slot = (slot + 1) & mask;
        larger[slot] = one;
    }
    table_ = std::move(larger);
}

std::vector<bool> FoldedTexts::containing(std::string_view piece) const {
    std::vector<bool> found(begins_.size());
    const char* const begin = octets_.data();
    const char* const end = begin + octets_.size();
    for (const char* at = begin; at < end;) {
        const void* hit = ::memmem(at, static_cast<std::size_t>(end - at), piece.data(), piece.size());
        if (hit == nullptr) break;
        const auto offset = static_cast<std::uint32_t>(static_cast<const char*>(hit) - begin);
        const auto next = std::upper_bound(begins_.begin(), begins_.end(), offset);
        found[static_cast<std::size_t>(next - begins_.begin()) - 1] = true;
        if (next == begins_.end()) break;
        at = begin + *next;
    }
    return found;
}

void FoldedTexts::rank() {
    if (ranked()) return;
    struct Key {
        std::uint64_t first;
        Id id;
    };
    std::vector<Key> fresh;
    fresh.reserve(begins_.size() - order_.size());
    for (auto id = static_cast<Id>(order_.size()); id < begins_.size(); ++id)
        fresh.push_back({beginning(at(id)), id});
    std::ranges::sort(fresh, [&](const Key& a, const Key& b) {
        return a.first != b.first ? a.first < b.first : at(a.id) < at(b.id);
    });
    std::vector<Id> order;
    order.reserve(begins_.size());
    auto rest = order_.begin();
    for (const Key& key : fresh) {
        // Few new ones among many: each finds its place by halving.
        const auto place =
            std::lower_bound(rest, order_.end(), key.id, [&](Id a, Id b) { return at(a) < at(b); });
        order.insert(order.end(), rest, place);
        order.push_back(key.id);
        rest = place;
    }
    order.insert(order.end(), rest, order_.end());
    order_ = std::move(order);
    ranks_.resize(order_.size());
    for (std::uint32_t place = 0; place < order_.size(); ++place) ranks_[order_[place]] = place;
}

std::size_t FoldedTexts::memory() const {
    return octets_.capacity() + begins_.capacity() * sizeof begins_[0] + table_.capacity() * sizeof(Slot)
           + order_.capacity() * sizeof(Id) + ranks_.capacity() * sizeof ranks_[0];
}

}  // namespace postrider::mailstore
