#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace postrider::index {

/// Numbers below a fixed size, as bits.
class DocumentSet {
public:
    explicit DocumentSet(std::uint32_t size) : words_((size + 63) / 64), size_{size} {}

    void add(std::uint32_t number) {
        std::uint64_t& word = words_[number / 64];
        const std::uint64_t bit = std::uint64_t{1} << number % 64;
        count_ += (word & bit) == 0;
        word |= bit;
    }
    bool has(std::uint32_t number) const { return words_[number / 64] >> number % 64 & 1; }
    bool full() const { return count_ == size_; }
    std::uint32_t count() const { return count_; }
    std::uint32_t size() const { return size_; }

    void keep_only(const DocumentSet& other) {
        count_ = 0;
        for (std::size_t i = 0; i < words_.size(); ++i) {
            words_[i] &= other.words_[i];
            count_ += static_cast<std::uint32_t>(std::popcount(words_[i]));
        }
    }

    void join(const DocumentSet& other) {
        count_ = 0;
        for (std::size_t i = 0; i < words_.size(); ++i) {
            words_[i] |= other.words_[i];
            count_ += static_cast<std::uint32_t>(std::popcount(words_[i]));
        }
    }

    template <class Keep>
    void keep_if(Keep&& keep) {
        each([&](std::uint32_t number) {
            if (keep(number)) return;
            words_[number / 64] &= ~(std::uint64_t{1} << number % 64);
            --count_;
        });
    }

    template <class Visit>
    void each(Visit&& visit) const {
        for (std::size_t i = 0; i < words_.size(); ++i)
            for (std::uint64_t word = words_[i]; word != 0; word &= word - 1)
                visit(static_cast<std::uint32_t>(i * 64)
                      + static_cast<std::uint32_t>(std::countr_zero(word)));
    }

private:
    std::vector<std::uint64_t> words_;
    std::uint32_t size_, count_ = 0;
};

}  // namespace postrider::index
