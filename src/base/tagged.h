#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <functional>

namespace postrider {

/// A number with one meaning: two tags never mix, and nothing converts by accident.
template <class Tag, std::unsigned_integral Rep>
class Tagged {
public:
    using rep = Rep;
    constexpr Tagged() = default;
    constexpr explicit Tagged(Rep value) : value_{value} {}
    constexpr Rep value() const { return value_; }
    friend constexpr auto operator<=>(Tagged, Tagged) = default;

private:
    Rep value_{};
};

}  // namespace postrider

template <class Tag, class Rep>
struct std::hash<postrider::Tagged<Tag, Rep>> {
    std::size_t operator()(postrider::Tagged<Tag, Rep> id) const noexcept {
        return std::hash<Rep>{}(id.value());
    }
};
