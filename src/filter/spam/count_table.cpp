#include "filter/spam/count_table.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "base/codec.h"

namespace postrider::filter {
namespace {

constexpr std::size_t bucket_slots = 4;
constexpr std::uint32_t most_count = 0xfff;

std::uint32_t tag_of(std::uint64_t feature) {
    return static_cast<std::uint32_t>(1 + (feature >> 56) % 255);
}
constexpr std::uint32_t tag(std::uint32_t slot) {
    return slot >> 24;
}
constexpr std::uint32_t spam(std::uint32_t slot) {
    return slot >> 12 & most_count;
}
constexpr std::uint32_t ham(std::uint32_t slot) {
    return slot & most_count;
}
constexpr std::uint32_t slot_of(std::uint32_t tag_bits, std::uint32_t spam_count, std::uint32_t ham_count) {
    return spam_count + ham_count == 0 ? 0 : tag_bits << 24 | spam_count << 12 | ham_count;
}

}  // namespace

CountTable::CountTable(std::size_t slots) : slots_(slots, 0), changed_(slots / page_slots, false) {
    assert(std::has_single_bit(slots) && slots >= page_slots);
}

std::uint32_t* CountTable::bucket(std::uint64_t feature) {
    return slots_.data() + (feature & (slots_.size() / bucket_slots - 1)) * bucket_slots;
}
const std::uint32_t* CountTable::bucket(std::uint64_t feature) const {
    return slots_.data() + (feature & (slots_.size() / bucket_slots - 1)) * bucket_slots;
}

void CountTable::prefetch(std::uint64_t feature) const {
    __builtin_prefetch(bucket(feature));
}

CountTable::Count CountTable::find(std::uint64_t feature) const {
    const std::uint32_t* const slots = bucket(feature);
    const std::uint32_t wanted = tag_of(feature);
    for (std::size_t i = 0; i < bucket_slots; ++i)
        if (tag(slots[i]) == wanted) return {spam(slots[i]), ham(slots[i])};
    return {};
}

void CountTable::learn(const Features& features, MailClass as) {
    std::uint32_t& messages = messages_[static_cast<std::size_t>(as)];
    if (messages >= most_messages) halve();
    ++messages;
    for (std::uint64_t feature : features) {
        std::uint32_t* const slots = bucket(feature);
        const std::uint32_t wanted = tag_of(feature);
        std::size_t at = bucket_slots, least = 0;
        for (std::size_t i = 0; i < bucket_slots; ++i) {
            if (tag(slots[i]) == wanted) at = i;
            if (spam(slots[i]) + ham(slots[i]) < spam(slots[least]) + ham(slots[least])) least = i;
        }
        if (at == bucket_slots) {
            at = least;  // an empty one has the least
            slots[at] = 0;
        }
        std::uint32_t s = spam(slots[at]), h = ham(slots[at]);
        std::uint32_t& one = as == MailClass::spam ? s : h;
        one = std::min(one + 1, most_count);  // two features may share a tag
        slots[at] = slot_of(wanted, s, h);
        changed_[static_cast<std::size_t>(slots - slots_.data()) / page_slots] = true;
    }
}

void CountTable::unlearn(const Features& features, MailClass as) {
    std::uint32_t& messages = messages_[static_cast<std::size_t>(as)];
    if (messages != 0) --messages;
    for (std::uint64_t feature : features) {
        std::uint32_t* const slots = bucket(feature);
        const std::uint32_t wanted = tag_of(feature);
        for (std::size_t i = 0; i < bucket_slots; ++i) {
            if (tag(slots[i]) != wanted) continue;
            std::uint32_t s = spam(slots[i]), h = ham(slots[i]);
            std::uint32_t& one = as == MailClass::spam ? s : h;
            if (one != 0) --one;
            slots[i] = slot_of(wanted, s, h);
            changed_[static_cast<std::size_t>(slots - slots_.data()) / page_slots] = true;
            break;
        }
    }
}

void CountTable::halve() {
    for (std::uint32_t& slot : slots_) slot = slot_of(tag(slot), spam(slot) / 2, ham(slot) / 2);
    for (std::uint32_t& messages : messages_) messages /= 2;
    std::fill(changed_.begin(), changed_.end(), true);
}

std::size_t CountTable::used() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(slots_, [](std::uint32_t slot) { return slot != 0; }));
}

std::vector<std::size_t> CountTable::take_changed() {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < changed_.size(); ++i)
        if (changed_[i]) out.push_back(i);
    std::fill(changed_.begin(), changed_.end(), false);
    return out;
}

std::string CountTable::page(std::size_t number) const {
    const std::uint32_t* const begin = slots_.data() + number * page_slots;
    if (std::all_of(begin, begin + page_slots, [](std::uint32_t slot) { return slot == 0; })) return {};
    std::string out;
    out.reserve(page_slots * sizeof(std::uint32_t));
    for (std::size_t i = 0; i < page_slots; ++i) put_be(out, begin[i]);
    return out;
}

bool CountTable::set_page(std::size_t number, std::string_view octets) {
    if (number >= pages() || octets.size() != page_slots * sizeof(std::uint32_t)) return false;
    Decoder in{octets};
    for (std::size_t i = 0; i < page_slots; ++i) slots_[number * page_slots + i] = in.be<std::uint32_t>();
    return true;
}

void CountTable::set_messages(std::uint32_t spam_messages, std::uint32_t ham_messages) {
    messages_[static_cast<std::size_t>(MailClass::spam)] = std::min(spam_messages, most_messages);
    messages_[static_cast<std::size_t>(MailClass::ham)] = std::min(ham_messages, most_messages);
}

}  // namespace postrider::filter
