#include "index/junctions.h"

#include <xxhash.h>

#include <algorithm>

namespace postrider::index {
namespace {

constexpr int characters_before = 2, characters_behind = 4;

// Seven bits and five probes: one of 29 that are not there is taken for one that is.
constexpr std::size_t bits_each = 7;
constexpr unsigned probes = 5;

constexpr std::size_t most_junctions = 1 << 18;  // 230 KB of filter, for 1.5 MB of text
constexpr std::size_t first_places = 2048;

bool continues(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

std::size_t size_by_first(char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet < 0xc0 ? 1 : octet < 0xe0 ? 2 : octet < 0xf0 ? 3 : 4;
}

/// Calls visit(word, bit) for each probe until it gives false.
template <class Visit>
bool each_probe(Junction junction, std::size_t words, Visit&& visit) {
    const std::uint64_t bits = words * 64;
    const auto step = static_cast<std::uint32_t>(junction >> 32) | 1;
    auto at = static_cast<std::uint32_t>(junction);
    for (unsigned i = 0; i < probes; ++i, at += step) {
        const std::uint64_t bit = at * bits >> 32;
        if (!visit(bit / 64, std::uint64_t{1} << bit % 64)) return false;
    }
    return true;
}

}  // namespace

std::string_view octets_around(std::string_view text, std::size_t end) {
    std::size_t begin = end;
    for (int i = 0; i < characters_before; ++i) {
        if (begin == 0) return {};
        --begin;
        for (int more = 0; more < 3 && begin > 0 && continues(text[begin]); ++more) --begin;
    }
    std::size_t behind = end;
    for (int i = 0; i < characters_behind; ++i) {
        if (behind >= text.size()) return {};
        behind += size_by_first(text[behind]);
    }
    if (behind > text.size()) return {};
    return text.substr(begin, behind - begin);
}

Junction junction_of(std::string_view octets) {
    return XXH3_64bits(octets.data(), octets.size());
}

bool may_have(JunctionFilter filter, Junction junction) {
    return filter.empty() || each_probe(junction, filter.size(), [&](std::size_t word, std::uint64_t bit) {
               return (filter[word] & bit) != 0;
           });
}

void JunctionCollector::grow() {
    places_.assign(std::max(places_.size() * 2, first_places), 0);
    const std::size_t mask = places_.size() - 1;
    for (std::size_t i = 0; i < all_.size(); ++i) {
        std::size_t slot = all_[i] & mask;
        while (places_[slot] != 0) slot = (slot + 1) & mask;
        places_[slot] = static_cast<std::uint32_t>(i + 1);
    }
}

void JunctionCollector::add(Junction junction) {
    if (all_.size() > most_junctions) return;
    if (all_.size() * 2 >= places_.size()) grow();
    const std::size_t mask = places_.size() - 1;
    std::size_t slot = junction & mask;
    for (; places_[slot] != 0; slot = (slot + 1) & mask)
        if (all_[places_[slot] - 1] == junction) return;
    all_.push_back(junction);
    places_[slot] = static_cast<std::uint32_t>(all_.size());
}

void JunctionCollector::finish(std::vector<std::uint64_t>& filters) {
    if (all_.size() <= most_junctions) {
        const std::size_t words = std::max<std::size_t>((all_.size() * bits_each + 63) / 64, 1);
        const std::size_t begin = filters.size();
        filters.resize(begin + words);
        for (const Junction junction : all_)
            each_probe(junction, words, [&](std::size_t word, std::uint64_t bit) {
                filters[begin + word] |= bit;
                return true;
            });
    }
    // A long message does not make all that follow it pay for its table.
    if (places_.size() > 16 * first_places) places_ = {};
    std::ranges::fill(places_, 0u);
    all_.clear();
}

}  // namespace postrider::index
