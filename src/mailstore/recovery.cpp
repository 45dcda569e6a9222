#include "mailstore/recovery.h"

#include "mailstore/arrival.h"
#include "mailstore/errors.h"
#include "mailstore/scan.h"

namespace postrider::mailstore {

inline constexpr std::uint32_t newest_format = 2;  ///< 2: deleted messages that can be restored

namespace {

/// As every account and folder has noted it: none has missed a start after which it was changed.
Result<std::uint32_t> highest_epoch(Core& core) {
    std::uint32_t epoch = 0;
    for (const char* letter : {"a", "f"}) {
        const std::string end(1, static_cast<char>(letter[0] + 1));
        auto ok =
            scan_range(*core.kv, letter, end, nullptr, [&](std::string_view key, std::string_view value) {
                if (key[0] == 'a')
                    if (auto account = decode_account(value)) epoch = std::max(epoch, account->epoch);
                if (key[0] == 'f')
                    if (auto folder = decode_folder(value)) epoch = std::max(epoch, folder->epoch);
                return true;
            });
        if (!ok) return std::unexpected(ok.error());
    }
    return epoch;
}

}  // namespace

Result<> begin_epoch(Core& core) {
    auto value = core.kv->get(store_key());
    if (!value) return std::unexpected(from(value.error()));
    StoreRecord record;
    if (*value) {
        if (auto decoded = decode_store(**value)) {
            record = *decoded;
        } else {
            auto epoch = highest_epoch(core);
            if (!epoch) return std::unexpected(epoch.error());
            record.epoch = *epoch;
            core.log.critical({}, "the mail store's first record is damaged: made anew from all accounts'");
        }
        if (record.format > newest_format)
            return fail(MailError::storage, "the mail store was written by a newer server");
        if (!record.clean) {
            ++record.epoch;
            core.log.warning({}, "the mail store was not closed: looking for what was not finished");
        }
    }
    record.format = newest_format;
    record.clean = false;
    core.epoch = record.epoch;
    kv::Batch batch;
    batch.put(store_key(), encoded(record));
    return core.write(std::move(batch), kv::Durability::now);
}

Result<> end_cleanly(Core& core) {
    kv::Batch batch;
    batch.put(store_key(), encoded(StoreRecord{newest_format, true, core.epoch}));
    return core.write(std::move(batch), kv::Durability::now);
}

namespace {

Result<> replay_one(Core& core, container::Stored& stored, const Replay& replay,
                    std::vector<container::Location::Placed>& drop) {
    if (!replay && !stored.meta.empty())
        return fail(MailError::storage,
                    "the storage location holds unfinished messages: start the server with it");
    auto submission = stored.meta.empty() ? std::nullopt : replay(stored.meta, stored.payload);
    if (!submission) {
        core.log.info({}, "message {:x} of {} bytes was not finished before the stop: dropped",
                      stored.id.value(), stored.payload.size());
        drop.push_back({stored.id, stored.extent});
        return {};
    }
    Job job;
    Arrival& arrival = job.arrivals.emplace_back();
    arrival.blob = stored.id;
    arrival.extent = stored.extent;
    arrival.received = submission->received;
    arrival.also = std::move(submission->also);
    arrival.hold = submission->hold;
    arrival.descriptions.push_back(mime::describe(stored.payload).encode());
    const auto size = static_cast<std::uint32_t>(stored.payload.size());
    if (auto ok = place(core, arrival, std::move(submission->targets), stored.payload, size); !ok) return ok;
    Job* const jobs[] = {&job};
    if (auto ok = deliver(core, jobs); !ok) return ok;
    core.log.info({}, "message {:x} was accepted before the stop: carried on with", stored.id.value());
    return {};
}

}  // namespace

Result<> recover(Core& core, Location& location, const Replay& replay) {
    container::Mark mark;
    auto value = core.kv->get(mark_key(location.config.number));
    if (!value) return std::unexpected(from(value.error()));
    if (*value && (*value)->size() > 1) {
        auto decoded = container::Mark::decode(std::string_view{**value}.substr(1));
        if (decoded)
            mark = *decoded;
        else  // without a mark everything is looked at: slow, and right all the same
            core.log.error({}, "mark of storage location {} is damaged", location.config.number);
    }
    std::vector<container::Location::Placed> drop;
    std::optional<Failure> failure;
    auto ok = location.files->recover(mark, [&](container::Stored stored) -> container::Result<> {
        // Compaction writes older records anew, with their numbers: they are known, or were freed.
        if (number_in_location(stored.id) <= mark.last_number) return {};
        auto known = core.kv->get(blob_key(stored.id));
        Result<> done;
        if (!known)
            done = std::unexpected(from(known.error()));
        else if (!*known)
            done = replay_one(core, stored, replay, drop);
        if (done) return {};
        failure = done.error();
        return std::unexpected(container::Failure{container::ContainerError::io, done.error().what});
    });
    if (failure) return std::unexpected(*failure);
    if (!ok) return std::unexpected(from(ok.error()));
    for (const auto& placed : drop)
        if (auto released = location.files->release(placed.id, placed.extent); !released)
            core.log.error({}, "cannot free message {:x}: {}", placed.id.value(), released.error().what);
    return {};
}

}  // namespace postrider::mailstore
