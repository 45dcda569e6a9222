#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "migration/found.h"

/// The small files of Maildir stores, read and written. Pure.
namespace postrider::migration {

/// "1287.M1P2.host,S=10:2,FSa": what stands before the ':' names the message for good, what follows are
/// flags.
struct MaildirName {
    std::string_view base;
    std::uint8_t flags = 0;
    bool passed = false;        ///< P: $Forwarded
    std::uint32_t letters = 0;  ///< keyword letters a to z, as bits
};
MaildirName parse_maildir_name(std::string_view name);
/// ":2," and what follows.
std::string maildir_suffix(std::uint8_t flags, bool passed, std::uint32_t letters);

/// dovecot-uidlist (versions 1 and 3) or courierimapuiddb.
struct UidList {
    std::uint32_t uid_validity = 0, uid_next = 0;
    std::unordered_map<std::string, std::uint32_t> uids;  ///< by the base of the file's name
};
UidList parse_uidlist(std::string_view text, const std::string& file, const OnProblem& problem);

/// dovecot-keywords: what the letters a to z mean in this folder. "" where a letter means nothing.
std::vector<std::string> parse_keywords(std::string_view text, const std::string& file,
                                        const OnProblem& problem);

/// A list of names: one in each line, or Dovecot's version 2 with tabs between components. Names are
/// separated by `separator` on disk. As UTF-8 with '/'.
std::vector<std::string> parse_subscriptions(std::string_view text, char separator);

}  // namespace postrider::migration
