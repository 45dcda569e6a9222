#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "migration/found.h"

/// Cyrus's cyrus.index (minor versions 8 to 20) and the flags' names in cyrus.header. Pure.
namespace postrider::migration {

struct CyrusMessage {
    std::uint8_t flags = 0;
    std::vector<bool> user_flags;  ///< by number in the header's list
    std::int64_t internal_date = 0;
    bool gone = false;  ///< expunged; its file may still be there
};
struct CyrusIndex {
    std::uint32_t uid_validity = 0, uid_next = 0;
    std::map<std::uint32_t, CyrusMessage> messages;  ///< by UID
};
std::expected<CyrusIndex, std::string> parse_cyrus_index(std::string_view data);

struct CyrusHeader {
    std::vector<std::string> flags;  ///< names of user flags
    std::string name;                ///< "user.alice.Work", since 3.6
    std::string type;                ///< "e" for mail, since 3.6
};
/// Empty when it is none.
CyrusHeader parse_cyrus_header(std::string_view data);

}  // namespace postrider::migration
