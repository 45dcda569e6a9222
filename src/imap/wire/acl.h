#pragma once

#include <string>
#include <string_view>

#include "imap/wire/cursor.h"

/// The commands of RFC 4314 §3.
namespace postrider::imap {

inline constexpr std::size_t max_identifier = 1'000;  ///< octets

/// mailbox: GETACL, MYRIGHTS
Parsed<std::string> parse_acl_mailbox(std::string_view args);

/// mailbox SP identifier: DELETEACL, LISTRIGHTS
struct AclIdentifierArgs {
    std::string mailbox, identifier;
};
Parsed<AclIdentifierArgs> parse_acl_identifier(std::string_view args);

/// mailbox SP identifier SP mod-rights: SETACL
struct SetAclArgs {
    enum class Mode { replace, add, remove };
    std::string mailbox, identifier;
    Mode mode = Mode::replace;
    std::string letters;
};
Parsed<SetAclArgs> parse_set_acl(std::string_view args);

}  // namespace postrider::imap
