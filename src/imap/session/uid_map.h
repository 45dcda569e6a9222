#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "imap/wire/partial.h"
#include "imap/wire/sequence_set.h"
#include "mailstore/uid_set.h"

/// Sets of UIDs as runs, and which message number each has. A folder of consecutive UIDs costs one run.
namespace postrider::imap {

using mailstore::UidRun;
using mailstore::UidSet;

UidSet joined(std::vector<UidRun> runs);                        ///< of runs in any order, which may overlap
UidSet part_of(const UidSet& set, PartialRange range);          ///< by place in the set (RFC 9394 §3.1)
UidSet to_uids(const std::vector<SequenceSet::Range>& ranges);  ///< of a resolved set

/// Sequence number <-> UID as this session has told its client (RFC 9051 §2.3.1.2).
class UidMap {
public:
    const UidSet& uids() const { return runs_; }
    std::uint32_t size() const { return size_; }
    Uid last() const { return runs_.empty() ? Uid{0} : runs_.back().last; }

    void reset(UidSet uids);
    /// @param fresh  above all that are there
    void append(const UidSet& fresh);
    void remove(const UidSet& gone);

    /// UIDs of message numbers; numbers above size() are left out.
    UidSet at(const std::vector<SequenceSet::Range>& numbers) const;
    std::optional<std::uint32_t> number_of(Uid uid) const;

    /// Numbers of UIDs asked for in ascending order, in one pass over the runs.
    class Walk {
    public:
        explicit Walk(const UidMap& map) : runs_{map.runs_} {}
        /// 0 when the UID is not in the map.
        std::uint32_t number_of(Uid uid);

    private:
        const UidSet& runs_;
        std::size_t run_ = 0;
        std::uint32_t before_ = 0;  ///< messages in the runs before run_
    };

private:
    UidSet runs_;
    std::uint32_t size_ = 0;
};

/// A set as "1:3,7" (RFC 9051 sequence-set).
void put_set(std::string& out, const UidSet& set);
/// The message numbers of UIDs, as runs of the same kind.
UidSet numbers_of(const UidMap& map, const UidSet& uids);

}  // namespace postrider::imap
