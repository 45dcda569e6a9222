#include <algorithm>

#include "container/file_location.h"

namespace postrider::container {
namespace {

/// Punching is a transaction of the file system: small holes wait for their neighbours or the next sync.
constexpr std::uint64_t large_hole = 64u << 10;
constexpr std::size_t most_holes = 32;
constexpr std::uint64_t most_forgotten = 1u << 20;

bool all_zero(std::string_view bytes) {
    return bytes.find_first_not_of('\0') == std::string_view::npos;
}

}  // namespace

Result<> FileLocation::release(BlobId id, const Extent& extent) {
    const auto from = file(extent.file);
    if (!from) return {};  // dropped as a whole
    const std::lock_guard lock{releasing_};
    auto bytes = from->read(extent.offset, header_size);
    if (!bytes) return std::unexpected(bytes.error());
    if (all_zero(*bytes)) return {};  // freed and punched out before
    auto header = read_header(*bytes, {seed_, from->number, extent.offset});
    if (!header)
        return std::unexpected(from->failure(header.error().kind, extent.offset, header.error().what));
    if (header->id != id)
        return std::unexpected(
            from->failure(ContainerError::corrupt, extent.offset, "another record lies here"));
    if (header->state == RecordState::freed) return {};

    char state[4];
    store_be(state, static_cast<std::uint32_t>(RecordState::freed));
    if (const int error =
            disk_.write(from->fd, std::string_view{state, sizeof state}, extent.offset + state_offset);
        error != 0)
        return std::unexpected(from->refused("freeing a record", error));
    from->live_bytes -= header->padded_size();
    from->live_records -= 1;
    remember_freed(*from, header->padded_size());

    Hole hole = hole_around(*from, extent.offset, *header);
    if (hole.begin >= hole.end) return {};
    hole.file = from;
    const bool merged = std::ranges::any_of(holes_, [&](Hole& other) {
        if (other.file != from || hole.end < other.begin || hole.begin > other.end) return false;
        other.begin = std::min(other.begin, hole.begin);
        other.end = std::max(other.end, hole.end);
        return true;
    });
    if (!merged) holes_.push_back(hole);
    if (hole.end - hole.begin >= large_hole || holes_.size() > most_holes) return punch_holes();
    return {};
}

Result<> FileLocation::sync_releases(const Extent& extent) {
    const auto from = file(extent.file);
    if (!from) return {};  // dropped as a whole
    const int error = disk_.sync(from->fd);
    syncs_.fetch_add(1, std::memory_order_relaxed);
    if (error == 0) return {};
    const std::lock_guard lock{appending_};  // the next flush might report success for what this one lost
    return std::unexpected(sync_failed(*from, error));
}

Result<> FileLocation::punch_holes() {
    Result<> result;
    for (const Hole& hole : holes_) {
        const int error = disk_.punch(hole.file->fd, hole.begin, hole.end - hole.begin);
        if (error != 0 && error != EOPNOTSUPP)  // without holes, compaction gives the space back
            result = std::unexpected(hole.file->refused("punching a hole", error));
    }
    holes_.clear();
    return result;
}

/// A closed file's summary is written again when its counts are off by more than a little, so that they are
/// nearly right after a crash. (Of a file that grows, sync() writes it.)
void FileLocation::remember_freed(ContainerFile& file, std::uint64_t bytes) {
    file.freed_since_summary += bytes;
    if (!file.closed || file.freed_since_summary < most_forgotten || !file.trouble.empty()) return;
    file.freed_since_summary = 0;
    (void)disk_.write(file.fd, file.summary().encode(), sector);  // a hint: the one before it is as good
}

/// The whole pages around a freed record that hold nothing else but freed ones. What lies between records (a
/// gap where a damaged tail was cut out) belongs to nobody.
FileLocation::Hole FileLocation::hole_around(const ContainerFile& file, std::uint64_t offset,
                                             const RecordHeader& header) const {
    const std::uint64_t record_end = offset + header.padded_size();

    // Backward: is everything from the start of the first page up to the record freed?
    const std::uint64_t first_page = offset / page_size * page_size;
    std::uint64_t freed_from = offset;
    std::uint64_t previous = header.previous;
    while (freed_from > first_page && previous != 0) {
        auto bytes = file.read(previous, header_size);
        if (!bytes || previous >= freed_from) break;
        if (all_zero(*bytes)) {
            // Punched out, so the pages from its header up to here held freed records only.
            freed_from = first_page;
            break;
        }
        const auto before = read_header(*bytes, {seed_, file.number, previous});
        if (!before) break;
        if (before->state == RecordState::live) {
            if (previous + before->padded_size() <= first_page) freed_from = first_page;
            break;
        }
        freed_from = previous;
        previous = before->previous;
    }
    const std::uint64_t begin = freed_from <= first_page ? first_page : first_page + page_size;

    // Forward: is everything behind the record up to the end of its last page freed?
    const std::uint64_t last_page = record_end / page_size * page_size;
    std::uint64_t end = last_page;
    if (record_end > last_page && last_page + page_size <= file.end) {
        auto page = file.read(record_end, last_page + page_size - record_end);
        std::uint64_t position = record_end;
        while (page && position < last_page + page_size) {
            const auto bytes = std::string_view{*page}.substr(position - record_end, header_size);
            if (all_zero(bytes)) {
                position += record_alignment;
                continue;
            }
            const auto behind = read_header(bytes, {seed_, file.number, position});
            if (!behind || behind->state == RecordState::live) break;
            position += behind->padded_size();
        }
        if (position >= last_page + page_size) end = last_page + page_size;
    }
    return {nullptr, begin, end};
}

}  // namespace postrider::container
