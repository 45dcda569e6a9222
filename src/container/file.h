#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "container/container.h"
#include "container/disk.h"
#include "container/header.h"

namespace postrider::container {

/// What the second sector of a container file remembers, so that opening need not walk it. It is written when
/// everything before `end` is on disk; if the file's size is not `end`, more was written after that.
struct Summary {
    std::uint64_t end = first_record;
    std::uint64_t last_number = 0;
    std::uint64_t live_bytes = 0;
    std::uint64_t live_records = 0;
    std::uint32_t last_record = 0;  ///< offset of the last record before `end`
    bool closed = false;            ///< never appended to again
    std::uint64_t raw_bytes = 0;    ///< of records that were written without a try to pack them

    std::string encode() const;
    static std::optional<Summary> decode(std::string_view bytes);
};

/// The first sector: what file this is.
struct FileHeader {
    std::uint8_t number = 0;
    std::string storage_id;
    std::uint64_t generation = 0;  ///< files of a location are numbered in the order they were made

    std::string encode() const;
    static Result<FileHeader> decode(std::string_view bytes);
};

inline constexpr std::uint32_t sector = 512;

/// One container file, open. Where it ends and what lives in it; the location decides what happens.
class ContainerFile {
public:
    ContainerFile(std::filesystem::path file_path, std::uint8_t file_number, int descriptor)
        : path{std::move(file_path)}, number{file_number}, fd{descriptor} {}
    ~ContainerFile();
    ContainerFile(const ContainerFile&) = delete;
    ContainerFile& operator=(const ContainerFile&) = delete;

    /// Reads up to `size` bytes; fewer at the end of the file.
    Result<std::string> read(std::uint64_t offset, std::size_t size) const;
    Result<RecordHeader> header_at(std::uint64_t offset, std::uint64_t seed) const;
    std::uint64_t size() const;       ///< as the file system says it
    std::uint64_t allocated() const;  ///< bytes on disk
    Summary summary() const;
    Failure failure(ContainerError kind, std::uint64_t offset, std::string_view reason) const;
    Failure refused(std::string_view doing, int error) const;

    const std::filesystem::path path;
    const std::uint8_t number;
    const int fd;
    std::uint64_t generation = 0;
    std::string trouble;  ///< why its own header cannot be used; such a file is only read

    // Changed by the appender only, read by anyone.
    std::atomic<std::uint64_t> end = first_record;
    std::atomic<std::uint64_t> live_bytes = 0;
    std::atomic<std::uint64_t> live_records = 0;
    std::atomic<std::uint64_t> raw_bytes = 0;  ///< freed ones too: an estimate
    std::atomic<bool> closed = false;

    // The appender's own, under its lock.
    std::uint32_t last_record = 0;
    std::uint64_t last_number = 0;
    std::uint64_t zeroed_to = 0;    ///< written with zeros up to here
    std::uint64_t laid_out_to = 0;  ///< blocks reserved up to here
    std::uint64_t summary_end = 0;  ///< the end that the summary on disk names
    bool unsynced = false;

    // Whoever releases, under that lock.
    std::uint64_t freed_since_summary = 0;  ///< bytes
};

}  // namespace postrider::container
