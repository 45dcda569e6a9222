#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "filter/chain/verdict.h"
#include "kv/kv.h"

namespace postrider::filter {

/// What filters remember about an account's mail: which messages were seen (RFC 7352), who was answered when
/// (RFC 5230 §4.2). Bounded by time: everything in it runs out. Records by the byte: docs/formats/filter.md.
class Memory {
public:
    /// Both must live longer.
    Memory(kv::Store& store, const Clock& clock) : store_{store}, clock_{clock} {}

    /// When it was noted, if that has not run out.
    std::optional<Time> noted(AccountId account, std::string_view key) const;
    void note(AccountId account, const Memo& memo);
    /// Adds to a batch that all of the account's is gone.
    static void forget(AccountId account, kv::Batch& batch);
    /// Looks through a piece for what has run out; false: that was the last one.
    bool sweep(std::size_t limit = 10'000);

private:
    kv::Store& store_;
    const Clock& clock_;
    std::string swept_to_;
};

}  // namespace postrider::filter
