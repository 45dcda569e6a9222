#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::mailstore {

/// Many short texts, folded for comparison (text::fold_unicode), each kept once: two are the same when their
/// numbers are. They lie side by side, so that one pass over memory finds all that contain a piece. Only
/// grows. Not thread-safe.
class FoldedTexts {
public:
    using Id = std::uint32_t;
    static constexpr Id empty = 0;  ///< the text ""

    FoldedTexts();

    /// The same number for the same octets.
    Id add(std::string_view folded);
    std::string_view at(Id id) const;
    std::size_t size() const { return begins_.size(); }

    /// For each text whether it contains the piece, which is not empty and has no NUL.
    std::vector<bool> containing(std::string_view piece) const;

    /// Finds out the order of all (by octets); only those added since the last time are compared with the
    /// others.
    void rank();
    bool ranked() const { return order_.size() == begins_.size(); }
    /// Its place in that order; for what was added since, behind all.
    std::uint32_t rank_of(Id id) const { return id < ranks_.size() ? ranks_[id] : UINT32_MAX; }

    std::size_t memory() const;

private:
    struct Slot {
        std::uint32_t hash = 0;
        Id id = empty;
    };
    void grow_table();

    std::string octets_;                 ///< each text and a NUL behind it
    std::vector<std::uint32_t> begins_;  ///< of each in octets_
    std::vector<Slot> table_;            ///< open addressing; `empty` is in none
    std::vector<Id> order_;
    std::vector<std::uint32_t> ranks_;
};

/// Makes room for one more without doubling what is large.
template <class Container>
void reserve_one_more(Container& container, std::size_t more = 1) {
    const std::size_t wanted = container.size() + more;
    if (wanted > container.capacity()) container.reserve(wanted + wanted / 8 + 64);
}

}  // namespace postrider::mailstore
