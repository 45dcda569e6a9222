#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

/// Dates of messages and how they are written.
namespace postrider::mime {

struct DateTime {
    std::int64_t seconds = 0;  ///< since 1970-01-01T00:00:00Z
    int zone_minutes = 0;      ///< east of UTC, -1439 to 1439
};

/// RFC 5322 §3.3 with the obsolete years and zones of §4.3, comments, and the near misses that mail has: no
/// weekday, no zone (then UTC), "-" between day, month and year, the order of asctime. nullopt when day,
/// month, year or time of day is absent or no such moment exists. Years 1900 to 9999.
std::optional<DateTime> parse_date(std::string_view value);

/// date-time of IMAP without its quotes: "17-Jul-1996 02:44:25 -0700" (RFC 9051 §9). Strict.
std::optional<DateTime> parse_internal_date(std::string_view text);

std::string format_date(DateTime when);  ///< "Fri, 21 Nov 1997 09:55:06 -0600"
std::string format_internal_date(
    DateTime when);  ///< "21-Nov-1997 09:55:06 -0600", the day with a leading blank

DateTime in_zone(Time time, int zone_minutes = 0);

}  // namespace postrider::mime
