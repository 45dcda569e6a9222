#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "container/file_location.h"
#include "container/walk.h"

namespace postrider::container {
namespace {

constexpr double packing_saves = 0.5;  // of text

}  // namespace

std::optional<std::uint8_t> FileLocation::worth_compacting(double garbage_share) const {
    const std::lock_guard lock{appending_};
    std::optional<std::uint8_t> best;
    double most = garbage_share;
    for (const auto& each : files()) {
        const std::uint64_t used = each->end - first_record;
        if (each == active_ || !each->trouble.empty() || used == 0) continue;
        const std::uint64_t live = std::min(used, each->live_bytes.load());
        const double saved = packing_saves * static_cast<double>(std::min(live, each->raw_bytes.load()));
        const double share = (static_cast<double>(used - live) + saved) / static_cast<double>(used);
        if (share < most || (best && share == most)) continue;
        most = share;
        best = each->number;
    }
    return best;
}

Result<std::vector<Location::Placed>> FileLocation::records_of(std::uint8_t number) {
    const auto from = file(number);
    if (!from)
        return std::unexpected(
            Failure{ContainerError::corrupt, path_of(number).native() + ": there is no such file"});
    const std::lock_guard lock{releasing_};
    const std::uint64_t end = from->end;
    std::uint64_t bytes = 0;
    std::vector<Placed> placed;
    Walk walk{*from, seed_, first_record, end};
    for (auto step = walk.next(); step != Walk::Step::end; step = walk.next()) {
        // Damaged records are verify's business: whoever still needs one finds that it did not move.
        if (step == Walk::Step::damage || walk.header().state == RecordState::freed) continue;
        placed.push_back({walk.header().id,
                          {number, static_cast<std::uint32_t>(walk.offset()), walk.header().stored_size(),
                           walk.header().payload_size}});
        bytes += walk.header().padded_size();
    }
    if (from->end == end) {  // the count may have been off since a crash
        from->live_bytes = bytes;
        from->live_records = placed.size();
    }
    return placed;
}

Result<Extent> FileLocation::move(BlobId id, const Extent& from) {
    if (from.stored_size < header_size)
        return std::unexpected(Failure{ContainerError::corrupt, "an extent is smaller than a header"});
    auto opened = open_record(id, from, from.stored_size - header_size);
    if (!opened) return std::unexpected(opened.error());
    const RecordHeader& header = opened->header;
    const std::string_view body = std::string_view{opened->bytes}.substr(header_size);
    if (body.size() != header.stored_size() - header_size || checksum(body) != header.body_checksum)
        return std::unexpected(opened->file->failure(ContainerError::corrupt, from.offset,
                                                     "the checksum of a record does not match"));
    Record record;
    if (header.codec == Codec::raw)
        record = Record::make(body.substr(0, header.meta_size), body.substr(header.meta_size));
    if (record.codec_ == Codec::raw) {  // or it is as packed as it can be
        record.stored_size_ = header.stored_size();
        record.payload_size_ = header.payload_size;
        record.bytes_ = std::move(opened->bytes);
        record.bytes_.resize(header.padded_size());
    }

    const std::lock_guard lock{appending_};
    if (has_failed_) return std::unexpected(Failure{ContainerError::io, failed_});
    if (!ready_)
        if (auto ok = recover_locked(Mark{}, nullptr); !ok) return std::unexpected(ok.error());
    // The file that is being emptied must not be filled with its own records.
    if (!opened->file->closed)
        if (auto ok = close_file(*opened->file); !ok) return std::unexpected(ok.error());
    if (active_ == opened->file) active_.reset();
    Record* const group[] = {&record};
    auto placed = write_group(group, {&id, 1});
    if (!placed) return std::unexpected(placed.error());
    return placed->front().extent;
}

Result<> FileLocation::drop_file(std::uint8_t number) {
    const std::lock_guard lock{appending_};
    const auto dropped = file(number);
    if (!dropped) return {};
    if (dropped == active_)
        return std::unexpected(
            Failure{ContainerError::io, dropped->path.native() + ": is the file being written"});

    // The highest number given out must be known from another file, or it would be given out again.
    FilePtr heir = active_;
    for (const auto& each : files())
        if (!heir && each != dropped && each->trouble.empty()) heir = each;
    if (!heir) {
        auto made = create_file();  // its summary says it
        if (!made && made.error().kind != ContainerError::full) return std::unexpected(made.error());
        if (made) heir = *made;
    }
    if (heir) {
        int error = disk_.sync(heir->fd);
        if (error == 0) {
            if (auto ok = write_summary(*heir); !ok) return ok;
            error = disk_.sync(heir->fd);
        }
        if (error != 0) return std::unexpected(sync_failed(*heir, error));
    }

    if (unlink(dropped->path.c_str()) != 0) return std::unexpected(dropped->refused("deleting it", errno));
    {
        const std::unique_lock lock_table{table_};
        files_[number].reset();
    }
    if (fsync(directory_fd_) != 0) return std::unexpected(dropped->refused("deleting it", errno));
    return {};
}

}  // namespace postrider::container
