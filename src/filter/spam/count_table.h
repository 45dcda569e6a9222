#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filter/spam/features.h"

namespace postrider::filter {

enum class MailClass : std::uint8_t { ham = 0, spam = 1 };

/// How often each feature has been seen in messages of each class: a table of fixed size.
///
/// A slot is 32 bits: 8 of the feature's hash (0 = empty), 12 each for spam and ham; four slots are a bucket.
/// A feature whose bucket is full takes the place of the one seen least. Before a class would have more than
/// 4,000 messages all counts are halved, so no count can overflow, and what is long ago counts less and less.
/// Until the first of these happens the order of learning does not matter, and unlearning is exact.
class CountTable {
public:
    static constexpr std::uint32_t most_messages = 4000;
    static constexpr std::size_t page_slots = 1024;  ///< what is stored under one key

    struct Count {
        std::uint32_t spam = 0, ham = 0;
    };

    /// @param slots  a power of two, at least page_slots
    explicit CountTable(std::size_t slots);

    Count find(std::uint64_t feature) const;
    /// What is going to be found soon: hides the time that memory takes.
    void prefetch(std::uint64_t feature) const;
    void learn(const Features& features, MailClass as);
    void unlearn(const Features& features, MailClass as);
    std::uint32_t messages(MailClass of) const { return messages_[static_cast<std::size_t>(of)]; }
    std::size_t used() const;  ///< slots

    // ---- as it is stored

    std::size_t pages() const { return slots_.size() / page_slots; }
    std::vector<std::size_t>
    take_changed();  ///< pages changed since the last call, and forgets that they are
    void mark_changed(std::size_t page) { changed_[page] = true; }
    std::string page(std::size_t number) const;  ///< "" when nothing is in it
    bool set_page(std::size_t number, std::string_view octets);
    void set_messages(std::uint32_t spam, std::uint32_t ham);

private:
    std::uint32_t* bucket(std::uint64_t feature);
    const std::uint32_t* bucket(std::uint64_t feature) const;
    void halve();

    std::vector<std::uint32_t> slots_;
    std::vector<bool> changed_;
    std::uint32_t messages_[2] = {0, 0};
};

}  // namespace postrider::filter
