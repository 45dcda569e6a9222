#include "smtp/wire/wishes.h"

#include "text/ascii.h"

namespace postrider::smtp {
namespace {

std::optional<int> digits(std::string_view text, std::size_t at_least, std::size_t at_most) {
    int value = 0;
    if (text.size() < at_least || text.size() > at_most) return std::nullopt;
    for (char c : text) {
        if (!text::is_digit(c)) return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

}  // namespace

std::optional<ByValue> parse_by(std::string_view value) {
    const auto semicolon = value.find(';');
    if (semicolon == std::string_view::npos) return std::nullopt;
    std::string_view time = value.substr(0, semicolon), mode = value.substr(semicolon + 1);
    const bool negative = time.starts_with('-');
    if (negative || time.starts_with('+')) time.remove_prefix(1);
    auto seconds = digits(time, 1, 9);
    if (!seconds || mode.empty() || mode.size() > 2) return std::nullopt;
    ByValue by;
    by.time = std::chrono::seconds{negative ? -*seconds : *seconds};
    const char first = text::upper(mode[0]);
    if (first != 'R' && first != 'N') return std::nullopt;
    by.give_back = first == 'R';
    if (mode.size() == 2) {
        if (text::upper(mode[1]) != 'T') return std::nullopt;
        by.trace = true;
    }
    return by;
}

std::optional<std::chrono::seconds> parse_hold_for(std::string_view value) {
    auto seconds = digits(value, 1, 9);
    if (!seconds || value[0] == '0') return std::nullopt;
    return std::chrono::seconds{*seconds};
}

std::optional<std::chrono::sys_seconds> parse_hold_until(std::string_view given) {
    // 2026-11-20T10:00:00[.5]Z; UTC may be written as an offset, too (RFC 3339 §4.3)
    std::string value{given};
    if (given.ends_with("+00:00") || given.ends_with("-00:00")) value.replace(value.size() - 6, 6, "Z");
    if (value.size() < 20 || value[4] != '-' || value[7] != '-' || text::upper(value[10]) != 'T'
        || value[13] != ':' || value[16] != ':' || text::upper(value.back()) != 'Z')
        return std::nullopt;
    if (value.size() > 20) {
        const std::string_view fraction = std::string_view{value}.substr(19, value.size() - 20);
        if (fraction[0] != '.' || !digits(fraction.substr(1), 1, 9)) return std::nullopt;
    }
    auto year = digits(value.substr(0, 4), 4, 4), month = digits(value.substr(5, 2), 2, 2),
         day = digits(value.substr(8, 2), 2, 2), hour = digits(value.substr(11, 2), 2, 2),
         minute = digits(value.substr(14, 2), 2, 2), second = digits(value.substr(17, 2), 2, 2);
    // A leap second counts as the one before it.
    if (!year || !month || !day || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60)
        return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok() || *year < 1970 || *year > 2200) return std::nullopt;
    return std::chrono::sys_seconds{std::chrono::sys_days{date}} + std::chrono::hours{*hour}
           + std::chrono::minutes{*minute} + std::chrono::seconds{*second == 60 ? 59 : *second};
}

std::optional<int> parse_priority(std::string_view value) {
    if (value == "0") return 0;
    const bool negative = value.starts_with('-');
    if (negative) value.remove_prefix(1);
    if (value.size() != 1 || value[0] < '1' || value[0] > '9') return std::nullopt;
    return negative ? '0' - value[0] : value[0] - '0';
}

}  // namespace postrider::smtp
