#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "imap/wire/cursor.h"

/// The commands of URLAUTH. RFC 4467 §9.
namespace postrider::imap {

inline constexpr std::size_t max_urls = 100;  ///< of one command
inline constexpr std::size_t most_fetched =
    64u * 1024 * 1024;  ///< octets that one URLFETCH answers, some more

/// url-rump SP mechanism *(SP url-rump SP mechanism); the mechanism in capitals
Parsed<std::vector<std::pair<std::string, std::string>>> parse_genurlauth(std::string_view args);

/// url-full *(SP url-full)
Parsed<std::vector<std::string>> parse_urlfetch(std::string_view args);

/// [mailbox *(SP mechanism)]
struct ResetKeyArgs {
    std::optional<std::string> mailbox;
    std::vector<std::string> mechanisms;  ///< in capitals
};
Parsed<ResetKeyArgs> parse_resetkey(std::string_view args);

}  // namespace postrider::imap
