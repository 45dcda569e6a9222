#include "mailstore/blob_refs.h"

#include "mailstore/core.h"
#include "mailstore/errors.h"

namespace postrider::mailstore {

void put_blob(kv::Batch& batch, BlobId blob, const BlobRecord& record, std::int64_t now) {
    std::string value;
    put(value, record);
    batch.put(blob_key(blob), value);
    if (record.refs != 0 || record.holds != 0) return;
    value.clear();
    put_zombie(value, now);
    batch.put(zombie_key(blob), value);
}

Result<> BlobRefs::put(kv::Batch& batch, Missing missing) {
    std::bitset<BlobLocks::stripes> which;
    for (const auto& [blob, delta] : deltas_) which.set(BlobLocks::stripe_of(BlobId{blob}));
    held_ = BlobLocks::Held{core_.blob_locks, which};
    const std::int64_t now = core_.now_seconds();
    for (const auto& [number, delta] : deltas_) {
        if (delta.refs == 0 && delta.holds == 0) continue;
        const BlobId blob{number};
        // A look-up each: a cursor would walk over every older count that is still in memory.
        auto value = core_.kv->get(blob_key(blob));
        if (!value) return std::unexpected(from(value.error()));
        auto record = *value ? decode_blob(**value) : std::nullopt;
        if (!record) {
            core_.log.error({}, "message {:x} has no readable record", number);
            const bool only_removes = delta.refs <= 0 && delta.holds <= 0;
            if (missing == Missing::fail && !only_removes)
                return fail(MailError::corrupt, "message without a storage record");
            continue;
        }
        auto change = [](std::uint32_t& counter, std::int32_t by) {
            std::int64_t value_now = std::int64_t{counter} + by;
            counter = value_now < 0 ? 0 : static_cast<std::uint32_t>(value_now);
        };
        const bool was_dead = record->refs == 0 && record->holds == 0;
        change(record->refs, delta.refs);
        change(record->holds, delta.holds);
        if (was_dead && (record->refs || record->holds)) {
            if (missing == Missing::fail) return fail(MailError::gone, "message is no longer kept");
            batch.erase(zombie_key(blob));
        }
        put_blob(batch, blob, *record, now);
    }
    return {};
}

}  // namespace postrider::mailstore
