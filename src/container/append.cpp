#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "container/file_location.h"

namespace postrider::container {
namespace {

constexpr std::uint64_t zeros_up_to = 16u << 10;
alignas(page_size) constinit const char zeros[page_size] = {};

BlobId make_id(std::uint16_t location, std::uint64_t number) {
    return BlobId{(std::uint64_t{location} << 48) | (number & 0xffff'ffff'ffff)};
}

}  // namespace

Result<std::vector<Location::Placed>> FileLocation::append(std::span<Record* const> group) {
    const std::lock_guard lock{appending_};
    if (auto ok = ready(); !ok) return std::unexpected(ok.error());
    // Numbers of a group that fails are not used again: a part of it may have been seen on disk.
    std::vector<BlobId> ids;
    ids.reserve(group.size());
    for (std::size_t i = 0; i < group.size(); ++i) ids.push_back(make_id(number_, ++last_number_));
    return write_group(group, ids);
}

/// May something be appended now?
Result<> FileLocation::ready() {
    if (has_failed_) return std::unexpected(Failure{ContainerError::io, failed_});
    if (!ready_)
        if (auto ok = recover_locked(Mark{}, nullptr); !ok) return ok;
    if (free_space_.bytes() < options_.min_disk_free_bytes)
        return std::unexpected(Failure{
            ContainerError::full, fmt::format("{}: less than {} bytes are free on the disk",
                                              options_.directory.native(), options_.min_disk_free_bytes)});
    return {};
}

Result<std::vector<Location::Placed>> FileLocation::write_group(std::span<Record* const> group,
                                                                std::span<const BlobId> ids) {
    std::vector<Placed> placed;
    placed.reserve(group.size());
    std::vector<Before> before;
    while (placed.size() < group.size()) {
        const auto rest = group.subspan(placed.size());
        auto file = file_for(rest.front()->bytes_.size());
        if (!file) {
            put_back(before);
            return std::unexpected(file.error());
        }
        ContainerFile& into = **file;
        std::uint64_t room = room_in(into);
        std::size_t count = 0;
        while (count < rest.size() && rest[count]->bytes_.size() <= room)
            room -= rest[count++]->bytes_.size();
        before.push_back({*file, into.end, into.last_record, 0});
        const auto first = placed.size();
        if (auto ok = write_run(into, rest.first(count), ids.subspan(first, count), placed); !ok) {
            put_back(before);
            return std::unexpected(ok.error());
        }
        before.back().records = count;
    }
    return placed;
}

/// Writes records that fit into one file, and where that is due the zeros ahead of the next.
Result<> FileLocation::write_run(ContainerFile& file, std::span<Record* const> run,
                                 std::span<const BlobId> ids, std::vector<Placed>& placed) {
    std::vector<iovec> pieces;
    pieces.reserve(run.size());
    const std::uint64_t begin = file.end;
    std::uint64_t end = begin;
    std::uint32_t last_record = file.last_record;
    for (std::size_t i = 0; i < run.size(); ++i) {
        std::string& bytes = run[i]->bytes_;
        place_header(bytes.data(), ids[i], last_record, {seed_, file.number, end});
        pieces.push_back({bytes.data(), bytes.size()});
        last_record = static_cast<std::uint32_t>(end);
        placed.push_back({ids[i], {file.number, last_record, run[i]->stored_size_, run[i]->payload_size_}});
        end += bytes.size();
    }
    const std::uint64_t records_end = end;
    std::uint64_t lay_out_to = 0;
    const std::uint64_t zeros_size = zeros_behind(file, end - begin, end, lay_out_to);
    if (lay_out_to > 0) {
        // One extent instead of many; a file system that cannot is no reason to fail.
        (void)disk_.lay_out(file.fd, file.laid_out_to, lay_out_to - file.laid_out_to);
        file.laid_out_to = lay_out_to;
    }
    file.unsynced = true;
    if (const int error = disk_.write(file.fd, pieces, begin); error != 0)
        return std::unexpected(file.refused("appending", error));
    if (const int error = write_zeros(file.fd, end, zeros_size); error != 0)
        return std::unexpected(file.refused("preparing room", error));
    file.zeroed_to = std::max(file.zeroed_to, end + zeros_size);
    file.last_record = last_record;
    file.last_number = std::max(file.last_number, last_number_);
    file.live_bytes += records_end - begin;
    for (const Record* record : run)
        if (record->unpacked_) file.raw_bytes += record->bytes_.size();
    file.live_records += run.size();
    file.end = records_end;
    return {};
}

/// A page at a time: the page cache holds what one call wrote in one large folio, and a folio of which a few
/// octets change is written to the disk whole (measured: 1 MB for each record of 2 KB).
int FileLocation::write_zeros(int fd, std::uint64_t from, std::uint64_t size) {
    for (const std::uint64_t to = from + size; from < to;) {
        const std::uint64_t piece = std::min(to, align_up(from + 1, page_size)) - from;
        iovec page{const_cast<char*>(zeros), piece};
        if (const int error = disk_.write(fd, {&page, 1}, from); error != 0) return error;
        from += piece;
    }
    return 0;
}

/// How many zeros to write behind a group that ends at `end`. Small files reach ahead little, so that a
/// thousand domains with a few messages each do not take gigabytes.
std::uint64_t FileLocation::zeros_behind(const ContainerFile& file, std::uint64_t group_size,
                                         std::uint64_t end, std::uint64_t& lay_out_to) const {
    if (end <= file.zeroed_to) return 0;
    const auto ahead = [&](std::uint64_t smallest, std::uint64_t largest) {
        const std::uint64_t size = std::min(std::max(smallest, end / 4), largest);
        return std::min(align_up(end + size, page_size), max_file_bytes_.load());
    };
    const std::uint64_t zero_to = std::max(end, ahead(32u << 10, options_.zero_ahead_bytes));
    if (zero_to > file.laid_out_to && options_.preallocate_bytes > options_.zero_ahead_bytes)
        lay_out_to = std::max(zero_to, ahead(64u << 10, options_.preallocate_bytes));
    // Zeros spare a group a commit of the file system's journal; a larger one is dearer to write twice.
    if (options_.zero_ahead_bytes == 0 || group_size >= zeros_up_to) return 0;
    return zero_to - end;
}

void FileLocation::put_back(std::span<const Before> before) {
    for (const Before& each : before) {
        ContainerFile& file = *each.file;
        file.live_bytes -= file.end - each.end;
        file.live_records -= each.records;
        file.end = each.end;
        file.last_record = each.last_record;
        // Cut off, and the cut made durable, so that no crash brings the failed group back.
        int error = disk_.truncate(file.fd, each.end);
        file.zeroed_to = file.laid_out_to = each.end;
        if (error == 0) error = disk_.sync(file.fd);
        if (error != 0) (void)sync_failed(file, error);
    }
}

Failure FileLocation::sync_failed(const ContainerFile& file, int error) {
    Failure failure = file.refused("syncing", error);
    failure.kind = ContainerError::io;
    if (!has_failed_) {
        failed_ = failure.what + "; nothing is appended here until the location is opened again";
        has_failed_ = true;
    }
    return failure;
}

std::uint64_t FileLocation::room_in(const ContainerFile& file) const {
    const std::uint64_t end = file.end, most = max_file_bytes_;
    return file.closed || end >= most ? 0 : most - end;
}

bool FileLocation::worth_filling(const ContainerFile& file) const {
    return room_in(file) >= max_file_bytes_ / 64;
}

/// The file that takes the next record of `size` bytes: the one being written, else the one with most room,
/// else a new one.
Result<FileLocation::FilePtr> FileLocation::file_for(std::uint64_t size) {
    if (active_ && room_in(*active_) >= size) return active_;
    if (size + first_record > max_file_bytes_)
        return std::unexpected(Failure{
            ContainerError::full, fmt::format("{}: a record of {} bytes fits into no file of {} bytes",
                                              options_.directory.native(), size, max_file_bytes_.load())});
    FilePtr best;
    for (const auto& each : files()) {
        if (each->closed) continue;
        if (!worth_filling(*each)) {
            if (auto ok = close_file(*each); !ok) return std::unexpected(ok.error());
        } else if (room_in(*each) >= size && (!best || room_in(*each) > room_in(*best))) {
            best = each;
        }
    }
    if (!best) {
        auto made = create_file();
        if (!made) return made;
        best = *made;
    }
    active_ = best;
    return active_;
}

/// For good: what comes behind a mark is looked for only in files that are not closed.
Result<> FileLocation::close_file(ContainerFile& file) {
    int error = disk_.sync(file.fd);
    if (error != 0) return std::unexpected(sync_failed(file, error));
    file.unsynced = false;
    error = disk_.truncate(file.fd, file.end);
    if (error != 0) return std::unexpected(file.refused("cutting off what is laid out ahead", error));
    file.closed = true;
    if (auto ok = write_summary(file); !ok) {
        file.closed = false;
        return ok;
    }
    if (error = disk_.sync(file.fd); error != 0) return std::unexpected(sync_failed(file, error));
    return {};
}

/// To be called when everything in the file is on disk.
Result<> FileLocation::write_summary(ContainerFile& file) {
    Summary summary = file.summary();
    summary.last_number = std::max(file.last_number, last_number_);
    if (const int error = disk_.write(file.fd, summary.encode(), sector); error != 0)
        return std::unexpected(file.refused("writing its summary", error));
    file.summary_end = summary.end;
    return {};
}

Result<> FileLocation::sync() {
    const std::lock_guard syncing{syncing_};
    std::vector<std::pair<FilePtr, Summary>> dirty;
    {
        const std::lock_guard lock{appending_};
        if (has_failed_) return std::unexpected(Failure{ContainerError::io, failed_});
        for (const auto& each : files())
            if (each->unsynced) {
                each->unsynced = false;
                dirty.emplace_back(each, each->summary());
                dirty.back().second.last_number = last_number_;
            }
    }
    for (const auto& [file, summary] : dirty) {
        const int error = disk_.sync(file->fd);
        syncs_.fetch_add(1, std::memory_order_relaxed);
        if (error != 0) {
            const std::lock_guard lock{appending_};
            return std::unexpected(sync_failed(*file, error));
        }
        // Now and then, so that an open without a mark has little to walk. A later sync carries it to disk.
        const std::lock_guard lock{appending_};
        if (!file->closed && summary.end >= file->summary_end + summary_every
            && disk_.write(file->fd, summary.encode(), sector) == 0)
            file->summary_end = summary.end;
    }
    const std::lock_guard lock{releasing_};
    return punch_holes();
}

Mark FileLocation::mark() const {
    const std::lock_guard lock{appending_};
    Mark mark{.last_number = last_number_, .generation = last_generation_, .ends = {}};
    for (unsigned n = 0; n < most_files; ++n)
        if (const auto each = file(static_cast<std::uint8_t>(n)); each && !each->closed)
            mark.ends.emplace_back(each->number, each->end.load());
    return mark;
}

Usage FileLocation::usage() const {
    Usage usage;
    std::uint64_t room = 0;
    for (const auto& each : files()) {
        ++usage.files;
        usage.file_bytes += each->allocated();
        usage.live_bytes += each->live_bytes;
        usage.records += each->live_records;
        room += room_in(*each);
    }
    if (const std::uint32_t most = max_files_; usage.files < most)
        room += (most - usage.files) * (max_file_bytes_ - first_record);
    if (read_only_) room = 0;
    const std::uint64_t free = free_space_.bytes();
    usage.free_bytes =
        std::min(room, free > options_.min_disk_free_bytes ? free - options_.min_disk_free_bytes : 0);
    usage.syncs = syncs_.load(std::memory_order_relaxed);
    return usage;
}

bool FileLocation::full() const {
    if (has_failed_ || read_only_ || free_space_.bytes() < options_.min_disk_free_bytes) return true;
    std::size_t count = 0;
    for (const auto& each : files()) {
        ++count;
        if (!each->closed && worth_filling(*each)) return false;
    }
    return count >= max_files_;
}

}  // namespace postrider::container
