#include "mailstore/errors.h"
#include "mailstore/store_impl.h"

namespace postrider::mailstore {
namespace {

constexpr double garbage_share = 0.3;
constexpr std::size_t piece = 32;  // records whose stripes are locked at once
constexpr std::uint64_t piece_bytes = 8u << 20;

/// Moves the live ones among these records and says so in the table. True when none of them is needed where
/// it was any more.
Result<bool> move_records(Core& core, Location& location,
                          std::span<const container::Location::Placed> records) {
    std::bitset<BlobLocks::stripes> which;
    for (const auto& record : records) which.set(BlobLocks::stripe_of(record.id));
    BlobLocks::Held held{core.blob_locks, which};
    kv::Batch batch;
    std::vector<container::Location::Placed> left;
    bool all = true;
    for (const auto& placed : records) {
        auto value = core.kv->get(blob_key(placed.id));
        if (!value) return std::unexpected(from(value.error()));
        auto record = *value ? decode_blob(**value) : std::nullopt;
        if (*value && !record) {
            core.log.error({}, "record of message {:x} is damaged: its file stays", placed.id.value());
            all = false;
            continue;
        }
        // Without a record: freed, or a copy that an interrupted compaction left behind.
        if (!record || record->extent != placed.extent) continue;
        auto extent = location.files->move(placed.id, placed.extent);
        if (!extent) {
            if (extent.error().kind != container::ContainerError::corrupt)
                return std::unexpected(from(extent.error()));
            core.log.error({}, "message {:x} cannot be moved: {}", placed.id.value(), extent.error().what);
            all = false;
            continue;
        }
        record->extent = *extent;
        std::string bytes;
        put(bytes, *record);
        batch.put(blob_key(placed.id), bytes);
        left.push_back(placed);
    }
    if (left.empty()) return all;
    if (auto ok = location.files->sync(); !ok) return std::unexpected(from(ok.error()));
    if (auto ok = core.write(std::move(batch)); !ok) return std::unexpected(ok.error());
    return all;
}

Result<> compact_file(Core& core, Location& location, std::uint8_t file, bool& dropped) {
    dropped = false;
    auto records = location.files->records_of(file);
    if (!records) return std::unexpected(from(records.error()));
    bool all = true;
    for (std::size_t i = 0; i < records->size();) {
        std::size_t end = i;
        for (std::uint64_t bytes = 0; end < records->size() && end - i < piece && bytes < piece_bytes; ++end)
            bytes += (*records)[end].extent.stored_size;
        auto moved = move_records(core, location, std::span{*records}.subspan(i, end - i));
        if (!moved) return std::unexpected(moved.error());
        all = all && *moved;
        i = end;
    }
    if (!all) return {};
    // The table must name the new places for good before the old ones are gone.
    if (auto ok = core.sync(); !ok) return ok;
    if (auto ok = location.files->drop_file(file); !ok) return std::unexpected(from(ok.error()));
    dropped = true;
    return {};
}

Result<> given_up() {
    return fail(MailError::storage,
                "The server is stopping, so the compaction was given up; begin it again later");
}

}  // namespace

Result<> MailStoreImpl::compact(const OnProgress& progress) {
    std::lock_guard careful{keeper_->care};
    const auto locations = core_.locations.all();
    for (std::size_t i = 0; i < locations.size(); ++i) {
        // A file that cannot be emptied would be offered again and again.
        for (int files = 0; files < 128; ++files) {
            if (compacting_no_more_.load(std::memory_order_relaxed)) return given_up();
            auto file = locations[i]->files->worth_compacting(garbage_share);
            if (!file) break;
            if (progress)
                progress({fmt::format("location {} file {:02x}", locations[i]->config.number, *file),
                          static_cast<int>(80 * i / locations.size())});
            bool dropped = false;
            if (auto ok = compact_file(core_, *locations[i], *file, dropped); !ok) return ok;
            if (!dropped) break;
        }
    }
    if (progress) progress({"records", 80});
    if (auto ok = core_.kv->compact(); !ok) {
        if (compacting_no_more_.load(std::memory_order_relaxed)) return given_up();
        return std::unexpected(from(ok.error()));
    }
    if (progress) progress({"done", 100});
    return {};
}

}  // namespace postrider::mailstore
