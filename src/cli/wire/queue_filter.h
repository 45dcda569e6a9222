#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cli/wire/words.h"

/// The terms of LIST FILTER, all of which must hold. Pure.
///
///     size>100K  age<12h  retries=3  status=held  sender!=spam  recipient=@example.org
///     next_schedule>"2 Jan 2007 17:34"  message="timed out"
namespace postrider::cli {

struct FilterTerm {
    enum class Field : std::uint8_t {
        size,
        age,
        retries,
        status,
        sender,
        recipient,
        next_schedule,
        message
    } field{};
    enum class Compare : std::uint8_t { less, greater, equal, unequal } compare{};
    std::int64_t number = 0;  ///< octets, seconds, a count, seconds since 1970
    std::string text{};       ///< part of the field, in lower case
    friend bool operator==(const FilterTerm&, const FilterTerm&) = default;
};

/// What a message is held against. Texts in any case.
struct FilterSubject {
    std::int64_t size = 0;  ///< octets
    std::int64_t age = 0;   ///< seconds
    std::int64_t retries = 0;
    std::int64_t next_schedule = 0;  ///< seconds since 1970; 0: none
    std::string status, sender, message;
    std::vector<std::string> recipients;
};

inline constexpr std::size_t max_terms = 32;

/// The error is a sentence.
std::expected<std::vector<FilterTerm>, std::string> parse_filter(const std::vector<Word>& words);
bool matches(const std::vector<FilterTerm>& filter, const FilterSubject& subject);

/// Seconds since 1970 of "2 Jan 2007 17:34", "2 Jan 2007", "Wed, 20 Jun 2018 02:15:34 +0300"; without a zone,
/// UTC.
std::expected<std::int64_t, std::string> parse_date(const std::string& text);

}  // namespace postrider::cli
