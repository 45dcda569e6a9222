#pragma once

#include <string_view>

#include "sieve/rules.h"

/// What writing and reading rules share.
namespace postrider::sieve::rules_words {

inline constexpr std::string_view title =
    "# Rules of the Postrider wizard. What is changed by hand stays as it is.";
inline constexpr std::string_view rule_mark = "# rule: ";
inline constexpr std::string_view absence_mark = "# absence";

/// The match type of a text operator, and whether "not" stands before it.
struct TextOperator {
    Condition::Operator op;
    std::string_view tag;  ///< "contains", "matches", "is"
    bool negated;
    bool anchored;  ///< begins, ends: written with the comparator named, to tell it from a pattern
};
inline constexpr TextOperator text_operators[] = {
    {Condition::Operator::contains, "contains", false, false},
    {Condition::Operator::does_not_contain, "contains", true, false},
    {Condition::Operator::matches, "matches", false, false},
    {Condition::Operator::does_not_match, "matches", true, false},
    {Condition::Operator::is, "is", false, false},
    {Condition::Operator::is_not, "is", true, false},
    {Condition::Operator::begins_with, "matches", false, true},
    {Condition::Operator::does_not_begin_with, "matches", true, true},
    {Condition::Operator::ends_with, "matches", false, true},
    {Condition::Operator::does_not_end_with, "matches", true, true},
};

constexpr bool at_end(Condition::Operator op) {
    return op == Condition::Operator::ends_with || op == Condition::Operator::does_not_end_with;
}

}  // namespace postrider::sieve::rules_words
