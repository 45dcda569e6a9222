#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "migration/found.h"

/// Dovecot's index: `dovecot.index` and what `dovecot.index.log` says has happened since. Pure. Little-endian
/// machines' files only.
namespace postrider::migration {

struct IndexedMessage {
    std::uint8_t flags = 0;      ///< mailstore::Flag
    std::vector<bool> keywords;  ///< by number in DovecotIndex::keywords
    std::string extension;       ///< octets of the extension asked for; "" when it has none
};

struct DovecotIndex {
    std::uint32_t uid_validity = 0, uid_next = 0;
    std::map<std::uint32_t, IndexedMessage> messages;  ///< by UID
    std::vector<std::string> keywords;
    bool complete = true;  ///< false: a file was damaged or missing; what is here is what the rest says
};

/// @param index  the index file; "" when there is none
/// @param logs   log files, oldest first (`.log.2`, `.log`)
/// @param extension  of whose records each message keeps the octets; "" for none
DovecotIndex read_dovecot_index(std::string_view index, const std::vector<std::string>& logs,
                                std::string_view extension, const std::string& file,
                                const OnProblem& problem);

}  // namespace postrider::migration
