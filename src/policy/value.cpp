#include <algorithm>
#include <charconv>

#include "policy/program.h"
#include "text/ascii.h"

namespace postrider::policy {

std::optional<std::int64_t> to_number(std::string_view text) {
    text = postrider::text::trim(text);
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (text.empty() || text.size() > 1000) return std::nullopt;
    for (char c : text)
        if (!postrider::text::is_digit(c)) return std::nullopt;
    std::int64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) value = INT64_MAX;
    return negative ? -value : value;
}

std::optional<std::vector<settings::IpSet>> to_ip_sets(std::string_view text) {
    std::vector<settings::IpSet> sets;
    constexpr std::string_view between = " \t\r\n,;";
    while (true) {
        const auto begin = text.find_first_not_of(between);
        if (begin == std::string_view::npos) return sets;
        text.remove_prefix(begin);
        const auto end = std::min(text.find_first_of(between), text.size());
        std::string_view word = text.substr(0, end);
        if (word.starts_with('[') && word.ends_with(']')) word = word.substr(1, word.size() - 2);
        auto set = settings::parse_ip_set(word);
        if (!set) return std::nullopt;
        sets.push_back(*set);
        text.remove_prefix(end);
    }
}

}  // namespace postrider::policy
