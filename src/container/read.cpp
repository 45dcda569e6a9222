#include <algorithm>

#include "container/compress.h"
#include "container/file_location.h"
#include "container/walk.h"

namespace postrider::container {

/// Reads the header and up to `bytes` of what follows it, and checks that it is the record that was meant.
Result<FileLocation::Opened> FileLocation::open_record(BlobId id, const Extent& extent,
                                                       std::size_t bytes) const {
    Opened opened;
    opened.file = file(extent.file);
    if (!opened.file)
        return std::unexpected(Failure{ContainerError::corrupt,
                                       path_of(extent.file).native() + ": there is no such file (any more)"});
    const ContainerFile& from = *opened.file;
    auto read = from.read(extent.offset, header_size + bytes);
    if (!read) return std::unexpected(read.error());
    opened.bytes = std::move(*read);
    auto header = read_header(opened.bytes, {seed_, from.number, extent.offset});
    if (!header)
        return std::unexpected(from.failure(header.error().kind, extent.offset, header.error().what));
    if (header->id != id)
        return std::unexpected(
            from.failure(ContainerError::corrupt, extent.offset, "another record lies here"));
    if (header->state == RecordState::freed)
        return std::unexpected(
            from.failure(ContainerError::corrupt, extent.offset, "the record has been freed"));
    opened.header = *header;
    return opened;
}

/// @param body  meta and stored payload
Result<Stored> FileLocation::unpack_record(const ContainerFile& file, std::uint64_t offset,
                                           const RecordHeader& header, std::string_view body) const {
    if (body.size() != header.stored_size() - header_size || checksum(body) != header.body_checksum)
        return std::unexpected(
            file.failure(ContainerError::corrupt, offset, "the checksum of a record does not match"));
    Stored stored;
    stored.id = header.id;
    stored.extent = {file.number, static_cast<std::uint32_t>(offset), header.stored_size(),
                     header.payload_size};
    stored.hash = header.hash;
    stored.meta = body.substr(0, header.meta_size);
    auto payload = decompress(body.substr(header.meta_size), header.codec, header.payload_size);
    if (!payload)
        return std::unexpected(file.failure(ContainerError::corrupt, offset, "a record cannot be unpacked"));
    stored.payload = std::move(*payload);
    return stored;
}

Result<Stored> FileLocation::read(BlobId id, const Extent& extent) {
    if (extent.stored_size < header_size)
        return std::unexpected(Failure{ContainerError::corrupt, "an extent is smaller than a header"});
    auto opened = open_record(id, extent, extent.stored_size - header_size);
    if (!opened) return std::unexpected(opened.error());
    return unpack_record(*opened->file, extent.offset, opened->header,
                         std::string_view{opened->bytes}.substr(header_size));
}

Result<std::string> FileLocation::read_head(BlobId id, const Extent& extent, std::size_t bytes) {
    constexpr std::size_t step = 8u << 10;
    const std::size_t wanted = std::min<std::size_t>(bytes, extent.payload_size);
    const std::size_t all = extent.stored_size < header_size ? 0 : extent.stored_size - header_size;
    auto opened = open_record(id, extent, std::min(all, std::max(step, wanted)));
    if (!opened) return std::unexpected(opened.error());
    const auto& header = opened->header;
    while (true) {
        const std::string_view body = std::string_view{opened->bytes}.substr(header_size);
        if (body.size() >= header.meta_size) {
            const std::string_view stored = body.substr(header.meta_size, header.stored_payload);
            auto head = decompress_head(stored, header.codec, wanted);
            if (!head)
                return std::unexpected(opened->file->failure(ContainerError::corrupt, extent.offset,
                                                             "a record cannot be unpacked"));
            if (head->size() >= wanted) return std::move(*head);
        }
        // More of it: as much again, so that a long way costs twice the last step.
        const std::size_t have = opened->bytes.size();
        auto more = opened->file->read(extent.offset + have, std::min(all + header_size - have, have));
        if (!more) return std::unexpected(more.error());
        if (more->empty())
            return std::unexpected(
                opened->file->failure(ContainerError::corrupt, extent.offset, "a record is too short"));
        opened->bytes += *more;
    }
}

Result<> FileLocation::for_each(const std::function<void(Result<Stored>)>& found) {
    for (const auto& each : files()) {
        if (!each->trouble.empty())
            found(std::unexpected(each->failure(ContainerError::corrupt, 0, each->trouble)));
        Walk walk{*each, seed_, first_record, each->end};
        for (auto step = walk.next(); step != Walk::Step::end; step = walk.next()) {
            if (step == Walk::Step::damage) {
                found(std::unexpected(walk.reason()));
                continue;
            }
            if (walk.header().state == RecordState::freed) continue;
            auto body = each->read(walk.offset() + header_size, walk.header().stored_size() - header_size);
            if (!body) {
                found(std::unexpected(body.error()));
                continue;
            }
            auto stored = unpack_record(*each, walk.offset(), walk.header(), *body);
            if (!stored) {
                // Freed while we read it? Then its header says so by now, or is gone.
                const auto again = each->header_at(walk.offset(), seed_);
                if (!again || again->state == RecordState::freed) continue;
            }
            found(std::move(stored));
        }
    }
    return {};
}

}  // namespace postrider::container
