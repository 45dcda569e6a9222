#include "container/file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/codec.h"

namespace postrider::container {
namespace {

constexpr std::string_view file_magic = "PRhsf\r\n\x1a";
constexpr std::string_view summary_magic = "PRsm";
constexpr std::uint32_t file_version = 1;

}  // namespace

std::string Summary::encode() const {
    std::string out{summary_magic};
    put_be(out, end);
    put_be(out, last_number);
    put_be(out, live_bytes);
    put_be(out, live_records);
    put_be(out, last_record);
    put_be(out, static_cast<std::uint8_t>(closed));
    put_be(out, checksum(out));
    put_be(out, raw_bytes);
    put_be(out, checksum(out));
    return out;
}

std::optional<Summary> Summary::decode(std::string_view bytes) {
    constexpr std::size_t covered = 4 + 4 * 8 + 4 + 1;
    Decoder in{bytes};
    if (in.take(summary_magic.size()) != summary_magic) return std::nullopt;
    Summary summary;
    summary.end = in.be<std::uint64_t>();
    summary.last_number = in.be<std::uint64_t>();
    summary.live_bytes = in.be<std::uint64_t>();
    summary.live_records = in.be<std::uint64_t>();
    summary.last_record = in.be<std::uint32_t>();
    summary.closed = in.be<std::uint8_t>() != 0;
    const auto sum = in.be<std::uint64_t>();
    if (!in.ok() || sum != checksum(bytes.substr(0, covered))) return std::nullopt;
    if (summary.end < first_record || summary.end % record_alignment != 0) return std::nullopt;
    // Older servers write nothing here, and leave a sum that is wrong.
    constexpr std::size_t covered_too = covered + 8 + 8;
    const auto raw_bytes = in.be<std::uint64_t>();
    if (const auto also = in.be<std::uint64_t>(); in.ok() && also == checksum(bytes.substr(0, covered_too)))
        summary.raw_bytes = raw_bytes;
    return summary;
}

std::string FileHeader::encode() const {
    std::string out{file_magic};
    put_be(out, file_version);
    put_be(out, number);
    out.append(storage_id);
    put_be(out, generation);
    put_be(out, checksum(out));
    return out;
}

Result<FileHeader> FileHeader::decode(std::string_view bytes) {
    constexpr std::size_t covered = 8 + 4 + 1 + 32 + 8;
    Decoder in{bytes};
    if (in.take(file_magic.size()) != file_magic)
        return std::unexpected(Failure{ContainerError::corrupt, "it does not begin as a container does"});
    if (in.be<std::uint32_t>() > file_version)
        return std::unexpected(Failure{ContainerError::newer, "written by a newer server"});
    FileHeader header;
    header.number = in.be<std::uint8_t>();
    header.storage_id = in.take(32);
    header.generation = in.be<std::uint64_t>();
    const auto sum = in.be<std::uint64_t>();
    if (!in.ok() || sum != checksum(bytes.substr(0, covered)))
        return std::unexpected(Failure{ContainerError::corrupt, "the checksum of its header does not match"});
    return header;
}

ContainerFile::~ContainerFile() {
    close(fd);
}

Result<std::string> ContainerFile::read(std::uint64_t offset, std::size_t size) const {
    std::string bytes;
    int error = 0;
    bytes.resize_and_overwrite(size, [&](char* into, std::size_t) {  // what is read need not be zero first
        std::size_t used = 0;
        while (used < size) {
            const ssize_t got = pread(fd, into + used, size - used, static_cast<off_t>(offset + used));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) error = errno;
            if (got <= 0) break;
            used += static_cast<std::size_t>(got);
        }
        return used;
    });
    if (error != 0) return std::unexpected(refused("reading", error));
    return bytes;
}

Result<RecordHeader> ContainerFile::header_at(std::uint64_t offset, std::uint64_t seed) const {
    auto bytes = read(offset, header_size);
    if (!bytes) return std::unexpected(bytes.error());
    auto header = read_header(*bytes, {seed, number, offset});
    if (!header) return std::unexpected(failure(header.error().kind, offset, header.error().what));
    return header;
}

std::uint64_t ContainerFile::size() const {
    struct stat status {};
    return fstat(fd, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::uint64_t ContainerFile::allocated() const {
    struct stat status {};
    return fstat(fd, &status) == 0 ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
}

Summary ContainerFile::summary() const {
    return {.end = end,
            .last_number = last_number,
            .live_bytes = live_bytes,
            .live_records = live_records,
            .last_record = last_record,
            .closed = closed,
            .raw_bytes = raw_bytes};
}

Failure ContainerFile::failure(ContainerError kind, std::uint64_t offset, std::string_view reason) const {
    return {kind, fmt::format("{} at {}: {}", path.native(), offset, reason)};
}

Failure ContainerFile::refused(std::string_view doing, int error) const {
    const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    return {full ? ContainerError::full : ContainerError::io,
            fmt::format("{}: {}: {}", path.native(), doing, std::generic_category().message(error))};
}

}  // namespace postrider::container
