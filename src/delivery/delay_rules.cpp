#include "delivery/delay_rules.h"

#include <ctime>

#include "text/ascii.h"
#include "text/wildcard.h"

namespace postrider::delivery {
namespace {

constexpr int minutes_a_day = 24 * 60;

std::tm local_time(Time time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm broken{};
    localtime_r(&seconds, &broken);
    return broken;
}

/// The window may go over midnight: 22:00 to 06:00.
bool in_window(const DelayRule& rule, int minute) {
    if (rule.from.empty() && rule.to.empty()) return true;
    auto from = rule.from.empty() ? 0 : parse_time_of_day(rule.from),
         to = rule.to.empty() ? minutes_a_day : parse_time_of_day(rule.to);
    if (!from || !to) return false;
    return *from <= *to ? minute >= *from && minute < *to : minute >= *from || minute < *to;
}

/// The next moment at which local clocks show it; the day may have 23 or 25 hours.
std::optional<Time> next_at(const std::string& time_of_day, Time now) {
    auto minute = parse_time_of_day(time_of_day);
    if (!minute) return std::nullopt;
    std::tm at = local_time(now);
    at.tm_hour = *minute / 60;
    at.tm_min = *minute % 60;
    at.tm_sec = 0;
    at.tm_isdst = -1;
    std::tm today = at;
    Time when = std::chrono::system_clock::from_time_t(std::mktime(&today));
    if (when > now) return when;
    ++at.tm_mday;
    return std::chrono::system_clock::from_time_t(std::mktime(&at));
}

bool holds(const DelayRule& rule, const std::string& sender, const std::string& recipient, std::uint64_t size,
           int minute) {
    if (!rule.enable) return false;
    if (!rule.sender.empty() && !text::matches_wildcard(rule.sender, sender)) return false;
    if (!rule.recipient.empty() && !text::matches_wildcard(rule.recipient, recipient)) return false;
    if (rule.larger_than_kb != 0 && size <= std::uint64_t{rule.larger_than_kb} * 1024) return false;
    return in_window(rule, minute);
}

}  // namespace

std::optional<int> parse_time_of_day(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    for (std::size_t i : {0, 1, 3, 4})
        if (!text::is_digit(text[i])) return std::nullopt;
    const int hour = (text[0] - '0') * 10 + (text[1] - '0'), minute = (text[3] - '0') * 10 + (text[4] - '0');
    if (hour > 23 || minute > 59) return std::nullopt;
    return hour * 60 + minute;
}

std::optional<Time> delayed_until(const std::vector<DelayRule>& rules, const queue::Envelope& envelope,
                                  const mime::AddrSpec& recipient, std::uint64_t size, Time now) {
    if (rules.empty() || envelope.reverse_path.null()) return std::nullopt;
    const std::tm local = local_time(now);
    const int minute = local.tm_hour * 60 + local.tm_min;
    const std::string from = envelope.reverse_path.text(), to = recipient.text();
    for (const DelayRule& rule : rules) {
        if (!holds(rule, from, to, size, minute)) continue;
        Time until = queue::full_seconds(now) + rule.delay;
        if (!rule.not_before.empty()) {
            auto next = next_at(rule.not_before, now);
            if (!next) continue;
            until = std::max(until, *next);
        }
        return until;
    }
    return std::nullopt;
}

}  // namespace postrider::delivery
