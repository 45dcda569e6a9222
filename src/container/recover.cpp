#include <algorithm>

#include "container/file_location.h"
#include "container/walk.h"

namespace postrider::container {

Result<> FileLocation::recover(const Mark& mark, const std::function<Result<>(Stored)>& found) {
    const std::lock_guard lock{appending_};
    if (has_failed_) return std::unexpected(Failure{ContainerError::io, failed_});
    return recover_locked(mark, &found);
}

/// Without `found` it only finds out where the files end.
Result<> FileLocation::recover_locked(const Mark& mark, const std::function<Result<>(Stored)>* found) {
    last_number_ = std::max(last_number_, mark.last_number);
    for (const auto& each : files()) {
        const auto noted =
            std::ranges::find(mark.ends, each->number, [](const auto& entry) { return entry.first; });
        std::uint64_t from = first_record;
        if (!found)
            from = each->summary_end;
        else if (each->generation <= mark.generation && noted != mark.ends.end())
            from = noted->second;
        else if (each->generation <= mark.generation && each->closed)
            continue;  // the mark was made when nothing could be added any more
        if (auto ok = recover_file(
                *each, align_up(std::max<std::uint64_t>(from, first_record), record_alignment), found);
            !ok)
            return ok;
        last_number_ = std::max(last_number_, each->last_number);
    }
    ready_ = true;
    return {};
}

/// @param from  what lies before it is known to whoever made the mark
Result<> FileLocation::recover_file(ContainerFile& file, std::uint64_t from,
                                    const std::function<Result<>(Stored)>* found) {
    const std::uint64_t size = file.size();
    const bool settled =
        ready_ || !file.trouble.empty() || (file.summary_end != 0 && file.summary_end == size);
    // What lies before the summary's end was synced: it is not doubted, and already counted.
    const std::uint64_t doubted = std::max<std::uint64_t>(file.summary_end, first_record);
    const std::uint64_t start = settled ? from : std::min(from, doubted);
    const std::uint64_t stop = settled ? file.end.load() : size;

    struct Gap {
        std::uint64_t begin;
        std::uint64_t end;
    };
    std::vector<Gap> gaps;
    std::uint64_t end = start;  // behind the last whole record
    const auto count = [&](const Walk& walk) {
        const RecordHeader& header = walk.header();
        const std::uint64_t number = header.id.value() & 0xffff'ffff'ffff;
        file.last_number = std::max(file.last_number, number);
        if (settled) return;
        if (walk.offset() > end && end >= std::max(doubted, from)) gaps.push_back({end, walk.offset()});
        end = walk.offset() + header.padded_size();
        file.last_record = static_cast<std::uint32_t>(walk.offset());
        if (walk.offset() >= doubted && header.state == RecordState::live) {
            file.live_bytes += header.padded_size();
            file.live_records += 1;
            if (header.codec == Codec::raw) file.raw_bytes += header.padded_size();
        }
        file.end = std::max(file.end.load(), end);
    };

    Walk walk{file, seed_, start, stop};
    for (auto step = walk.next(); step != Walk::Step::end; step = walk.next()) {
        if (step == Walk::Step::damage) {
            // A later version is not damage: nothing of it may be cut off.
            if (walk.reason().kind == ContainerError::newer) return std::unexpected(walk.reason());
            continue;
        }
        const RecordHeader header = walk.header();
        const bool reported = found && walk.offset() >= from;
        if (header.state == RecordState::freed || (!reported && walk.offset() < doubted)) {
            count(walk);
            continue;
        }
        auto body = file.read(walk.offset() + header_size, header.stored_size() - header_size);
        if (!body) return std::unexpected(body.error());
        auto stored = unpack_record(file, walk.offset(), header, *body);
        if (!stored) continue;  // torn
        count(walk);
        if (reported)
            if (auto ok = (*found)(std::move(*stored)); !ok) return ok;
    }
    if (settled) return {};

    end = std::max(end, std::min(std::max(from, doubted), size));
    for (const Gap& gap : gaps)
        if (const int error = disk_.punch(file.fd, gap.begin, gap.end - gap.begin); error != 0)
            return std::unexpected(file.refused("clearing a torn record", error));
    if (const int error = disk_.truncate(file.fd, end); error != 0)
        return std::unexpected(file.refused("cutting off a torn tail", error));
    if (const int error = disk_.sync(file.fd); error != 0) return std::unexpected(sync_failed(file, error));
    file.end = file.zeroed_to = file.laid_out_to = end;
    return write_summary(file);
}

}  // namespace postrider::container
