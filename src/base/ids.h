#pragma once

#include <cstdint>

#include "base/tagged.h"

/// The ids that rooms hand to each other. All are stable for the life of what they name and never reused;
/// 0 means "none".
namespace postrider {

using DomainId = Tagged<struct DomainTag, std::uint32_t>;
using AccountId =
    Tagged<struct AccountTag, std::uint64_t>;              ///< whoever owns folders: a person, a list, public
using FolderId = Tagged<struct FolderTag, std::uint32_t>;  ///< unique within its account
using Uid = Tagged<struct UidTag, std::uint32_t>;          ///< RFC 9051 §2.3.1.1; never 0
using ModSeq = Tagged<struct ModSeqTag, std::uint64_t>;    ///< RFC 7162 §3.1; per account, only grows
using QueueId = Tagged<struct QueueTag, std::uint64_t>;    ///< shown as at least six hex digits
using SessionId =
    Tagged<struct SessionTag, std::uint32_t>;  ///< one counter per protocol, shown as 8 hex digits

/// A stored message: storage location in the upper 16 bits, number within it in the lower 48. Survives
/// compaction, which moves the bytes and not the id.
using BlobId = Tagged<struct BlobTag, std::uint64_t>;

}  // namespace postrider
