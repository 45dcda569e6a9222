#pragma once

#include <deque>
#include <optional>

#include "mailstore/types.h"

namespace postrider::mailstore {

/// The newest entries of one account's change log, so that a session that asks what happened since its last
/// command reads no disk. Bounded; who asks for more than is here reads the log itself. Guarded by the
/// account's state_mutex.
class RecentChanges {
public:
    static constexpr std::size_t most = 32;       ///< entries
    static constexpr std::size_t most_runs = 16;  ///< of UIDs in one of them

    /// Nothing is known of what came up to there.
    void restart(ModSeq at) {
        entries_.clear();
        after_ = at;
    }

    /// Adds a change that is newer than all the others. One that is too large to keep, and with it all before
    /// it, is left to the log.
    void add(Change&& change) {
        if (change.uids.size() > most_runs) return restart(change.modseq);
        if (entries_.size() == most) {
            after_ = entries_.front().modseq;
            entries_.pop_front();
        }
        entries_.push_back(std::move(change));
    }

    /// Whether every change after `since` is here.
    bool reach_back_to(ModSeq since) const { return since >= after_; }

    template <class Visit>
    void each_after(ModSeq since, Visit&& visit) const {
        for (const Change& change : entries_)
            if (change.modseq > since) visit(change);
    }

private:
    std::deque<Change> entries_;
    ModSeq after_;  ///< all changes with a higher number are in entries_
};

}  // namespace postrider::mailstore
