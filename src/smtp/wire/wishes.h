#pragma once

#include <chrono>
#include <optional>
#include <string_view>

/// What senders say about the time and the urgency of delivery, as parameters of MAIL.
namespace postrider::smtp {

/// by-value = [ "-" / "+" ] 1*9DIGIT ";" ( "N" / "R" ) [ "T" ]                       RFC 2852 §4
struct ByValue {
    std::chrono::seconds time{};  ///< from now on; may be zero or less
    bool give_back = false;       ///< R: return it when it is late; N: notify
    bool trace = false;
};
std::optional<ByValue> parse_by(std::string_view value);

/// HOLDFOR: %x31-39 *8DIGIT, seconds                                                  RFC 4865 §4
std::optional<std::chrono::seconds> parse_hold_for(std::string_view value);

/// HOLDUNTIL: an Internet date-time (RFC 3339) in UTC, "2026-11-20T10:00:00Z"          RFC 4865 §4
std::optional<std::chrono::sys_seconds> parse_hold_until(std::string_view value);

/// priority-value = (["-"] NZDIGIT) / "0"                                             RFC 6710 §7
std::optional<int> parse_priority(std::string_view value);

}  // namespace postrider::smtp
