#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

/// Message bytes on disk. A *location* is a directory of append-only container files (00.hsf ... 7f.hsf) and
/// hsf.dat, which says what the directory is. Layout by the byte: docs/formats/container.md.
///
/// This room knows where bytes lie, not who refers to them: the table from BlobId to Extent is mailstore's.
/// All calls block on disk; a Location's calls may come from any thread unless said otherwise.
namespace postrider::container {

enum class ContainerError {
    full,      ///< every file of the location has reached its maximum, or the disk is full (ENOSPC, EDQUOT)
    io,        ///< the disk refused for another reason
    corrupt,   ///< a checksum does not match or a record is not where it should be
    newer,     ///< written by a newer server
    foreign,   ///< hsf.dat names another storage than the one expected here
};
struct Failure {
    ContainerError kind;
    std::string what;  ///< file, offset and reason
};
template <class T = void>
using Result = std::expected<T, Failure>;

enum class Codec : std::uint8_t { raw = 0, zstd = 1 };

/// Where a record lies within its location.
struct Extent {
    std::uint8_t file = 0;          ///< 0x00 ... 0x7f
    std::uint32_t offset = 0;       ///< of the header within the file, bytes (files are at most 2 GiB)
    std::uint32_t stored_size = 0;  ///< header, meta and payload as stored, without padding
    std::uint32_t payload_size = 0; ///< of the payload before compression
    friend bool operator==(const Extent&, const Extent&) = default;
};

/// A record made ready to be written: compressed and hashed on the caller's thread, no disk touched.
/// `meta` is for whoever replays after a crash (the envelope); `payload` is what clients read.
class Record {
public:
    static Record make(std::string_view meta, std::string_view payload, Codec codec = Codec::zstd);

    std::uint32_t payload_size() const { return payload_size_; }
    std::uint32_t stored_size() const { return static_cast<std::uint32_t>(bytes_.size()); }

private:
    friend class Location;
    std::string bytes_;  ///< header (id and place still open), meta, payload
    std::uint32_t payload_size_ = 0;
};

/// A record read back, checksums verified.
struct Stored {
    BlobId id;
    Extent extent;
    std::string meta;
    std::string payload;
};

struct LocationOptions {
    std::filesystem::path directory;
    std::uint32_t max_files = 128;                        ///< 1 ... 128
    std::uint64_t max_file_bytes = 256ull << 20;          ///< 1 MiB ... 2 GiB
    std::uint64_t preallocate_bytes = 16ull << 20;        ///< the file grows ahead of the writer by this much
    std::uint64_t min_disk_free_bytes = 64ull << 20;      ///< below it the location counts as full
};

/// How far a location has been taken note of: records behind it are known to the key-value store for good.
struct Mark {
    std::uint64_t last_number = 0;                             ///< of the BlobIds given out
    std::vector<std::pair<std::uint8_t, std::uint64_t>> ends;  ///< file -> offset of the first byte behind it
    std::string encode() const;
    static Result<Mark> decode(std::string_view bytes);
};

struct Usage {
    std::uint64_t files = 0;
    std::uint64_t file_bytes = 0;   ///< allocated on disk
    std::uint64_t live_bytes = 0;   ///< of records not freed
    std::uint64_t free_bytes = 0;   ///< that more mail may take before the location is full
    std::uint64_t records = 0;
    std::uint64_t syncs = 0;        ///< flushes since the location was opened
};

class Location {
public:
    /// Opens or creates the directory. `number` becomes the upper 16 bits of the ids given out here.
    /// `storage_id` is what hsf.dat must name ("" takes whatever is there or makes a new one).
    static Result<std::unique_ptr<Location>> open(std::uint16_t number, const LocationOptions& options,
                                                  std::string_view storage_id = {});
    virtual ~Location() = default;

    virtual std::uint16_t number() const = 0;
    virtual const std::string& storage_id() const = 0;

    struct Placed {
        BlobId id;
        Extent extent;
    };
    /// Writes the records one behind the other (one pwritev where it can), in order. Nothing is durable before
    /// sync(). On failure nothing of the group counts: the next append overwrites it. One thread at a time.
    virtual Result<std::vector<Placed>> append(std::span<Record* const> group) = 0;
    virtual Result<> sync() = 0;

    virtual Result<Stored> read(BlobId id, const Extent& extent) = 0;
    /// At least the first `bytes` of the payload (all of it if shorter) for a look at the header; only as
    /// much is read and unpacked as that needs, so the checksum is not verified.
    virtual Result<std::string> read_head(BlobId id, const Extent& extent, std::size_t bytes) = 0;

    /// Gives the record's bytes back to the file system (punches a hole). Freeing twice does no harm.
    virtual Result<> release(BlobId id, const Extent& extent) = 0;

    /// After a crash: calls `found` with every whole record behind `mark`, in the order of writing, then cuts
    /// off what lies behind the last whole one, so that nothing stale is ever taken for a record.
    virtual Result<> recover(const Mark& mark, const std::function<Result<>(Stored)>& found) = 0;
    virtual Mark mark() const = 0;

    /// Every record there is, whole or damaged (then the failure), for verify, repair and compaction.
    virtual Result<> for_each(const std::function<void(Result<Stored>)>& found) = 0;

    /// A file of which at least `garbage_share` has been freed, if there is one; never the one being written.
    virtual std::optional<std::uint8_t> worth_compacting(double garbage_share) const = 0;
    /// The records of one file, headers only (id and extent), in order.
    virtual Result<std::vector<Placed>> records_of(std::uint8_t file) = 0;
    /// Writes a copy of a record, with its id, at the end of the file being written. Not durable before sync().
    virtual Result<Extent> move(BlobId id, const Extent& from) = 0;
    /// Deletes a file that no record is needed of any more, so that its number can be used again.
    virtual Result<> drop_file(std::uint8_t file) = 0;

    virtual Usage usage() const = 0;
    virtual bool full() const = 0;  ///< takes no more messages now
};

}  // namespace postrider::container
