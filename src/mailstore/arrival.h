#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "container/container.h"
#include "mailstore/account_impl.h"
#include "mailstore/mailstore.h"

/// Messages on their way into folders: what the committer, the queue's deliveries and replay have in common.
namespace postrider::mailstore {

/// A message that is expunged in the batch in which another comes in its place.
struct Leaving {
    std::shared_ptr<AccountImpl> account;
    FolderId folder;
    Uid uid;
};

/// One copy to be made.
struct Placement {
    std::shared_ptr<AccountImpl> account;  ///< nullptr when there is no such account
    std::string path = "INBOX";
    FolderId folder;  ///< when not 0, this and no other (APPEND)
    std::uint8_t flags = 0;
    std::vector<std::string> keywords;
    std::string prefix;
    bool over_quota_allowed = false;
    std::size_t description = 0;      ///< index into Arrival::descriptions
    std::uint32_t size = 0;           ///< of prefix and payload
    Uid wanted;                       ///< the UID it is to have, if that is possible
    std::string import_mark;          ///< noted in the same batch, unless it is ""
    std::optional<Leaving> replaces;  ///< of a strict job

    // what became of it
    std::optional<MailError> error;
    std::string folder_path;
    FolderId placed_in;
    std::uint32_t uid_validity = 0;
    Uid uid;
};

struct Arrival {
    container::Record record;               ///< to be appended; unused when the bytes are stored already
    std::vector<std::string> descriptions;  ///< encoded; [0] is that of the payload without a prefix
    Time received;
    std::vector<Placement> placements;
    std::function<void(BlobId, kv::Batch&)> also;
    bool hold = true;  ///< with `also`
    BlobId blob;
    container::Extent extent;
    bool stored = false;  ///< `b` is there already and held by the queue
};

/// Work for the committer. Done when `finished` is called.
struct Job {
    std::vector<Arrival> arrivals;
    std::uint16_t location = 0;
    bool strict = false;  ///< APPEND: all or nothing, and synced before `finished`
    std::optional<Failure> failure;
    std::function<void(Job&)> finished;  ///< on the committer's thread; the job may be destroyed by it

    std::size_t bytes() const {
        std::size_t sum = 0;
        for (const Arrival& arrival : arrivals) sum += arrival.record.stored_size();
        return sum;
    }
};

/// Packs and describes the payload. All the work on a message's bytes is here, on the caller's thread.
void prepare(Arrival& arrival, std::string_view meta, std::string_view payload, container::Effort effort);
/// Makes placements of the targets, after prepare(); describes copies whose prefix matters to readers.
Result<> place(Core& core, Arrival& arrival, std::vector<Target> targets, std::string_view payload,
               std::uint32_t payload_size);

/// Makes all arrivals of the jobs visible in one batch: items, descriptions, changes, counters, blobs,
/// `also`. What a single target or strict job is refused for is noted there; an error means that nothing was
/// written.
Result<> deliver(Core& core, std::span<Job* const> jobs);

DeliveryReceipt receipt_of(const Arrival& arrival);

}  // namespace postrider::mailstore
