#pragma once

#include <array>
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
    full,     ///< every file of the location has reached its maximum, or the disk is full (ENOSPC, EDQUOT)
    io,       ///< the disk refused for another reason
    corrupt,  ///< a checksum does not match or a record is not where it should be
    newer,    ///< written by a newer server
    foreign,  ///< hsf.dat names another storage than the one expected here
};
struct Failure {
    ContainerError kind;
    std::string what;  ///< file, offset and reason
};
template <class T = void>
using Result = std::expected<T, Failure>;

enum class Codec : std::uint8_t {
    raw = 0,
    zstd = 1,
    packed = 2,  ///< canonical base64 taken out (packing.h), then zstd
};

/// Where a record lies within its location.
struct Extent {
    std::uint8_t file = 0;           ///< 0x00 ... 0x7f
    std::uint32_t offset = 0;        ///< of the header within the file, bytes (files are at most 2 GiB)
    std::uint32_t stored_size = 0;   ///< header, meta and payload as stored, without padding
    std::uint32_t payload_size = 0;  ///< of the payload before compression
    friend bool operator==(const Extent&, const Extent&) = default;
};

/// XXH3-128 of a payload, canonical (big-endian) bytes: equal payloads have equal hashes.
using Hash = std::array<std::uint8_t, 16>;

/// How much time compression may take. `quick` costs a third of the time, and half of a text stays where
/// `thorough` leaves 0.4: for when so much arrives that the processor is what it waits for. `none` leaves all
/// but base64 as it is, until move() makes good for it.
enum class Effort : std::uint8_t { thorough, quick, none };

/// A record made ready to be written: compressed and hashed on the caller's thread, no disk touched.
/// `meta` is for whoever replays after a crash (the envelope); `payload` is what clients read.
class Record {
public:
    /// meta up to 16 MiB, payload up to 1 GiB. `codec` is the most that may be done: what does not pay is
    /// not.
    static Record make(std::string_view meta, std::string_view payload, Codec codec = Codec::packed,
                       Effort effort = Effort::thorough);

    std::uint32_t payload_size() const { return payload_size_; }
    std::uint32_t stored_size() const { return stored_size_; }
    Codec codec() const { return codec_; }
    const Hash& hash() const { return hash_; }

private:
    friend class FileLocation;
    std::string bytes_;  ///< header (id and place still open), meta, payload, padding
    std::uint32_t payload_size_ = 0;
    std::uint32_t stored_size_ = 0;
    Codec codec_ = Codec::raw;
    bool unpacked_ = false;  ///< nobody has tried
    Hash hash_{};
};

/// A record read back, checksums verified.
struct Stored {
    BlobId id;
    Extent extent;
    std::string meta;
    std::string payload;
    Hash hash{};
};

struct LocationOptions {
    std::filesystem::path directory;
    std::uint32_t max_files = 128;                    ///< 1 ... 128
    std::uint64_t max_file_bytes = 256ull << 20;      ///< 1 MiB ... 2 GiB
    std::uint64_t preallocate_bytes = 4ull << 20;     ///< the file is laid out ahead by up to this much
    std::uint64_t zero_ahead_bytes = 1ull << 20;      ///< and written with zeros by up to this much; 0: not
    std::uint64_t min_disk_free_bytes = 64ull << 20;  ///< below it the location counts as full
    bool read_only = false;  ///< takes no new messages; what is there is read, freed and compacted as ever
};

/// How far a location has been taken note of: records before it are known to the key-value store for good.
struct Mark {
    std::uint64_t last_number = 0;  ///< of the BlobIds given out
    std::uint64_t generation =
        0;  ///< of the newest file: a file with a higher one lies behind the mark as a whole
    /// File -> offset of the first byte behind the mark. Only of files that may still grow, in ascending
    /// order.
    std::vector<std::pair<std::uint8_t, std::uint64_t>> ends;
    friend bool operator==(const Mark&, const Mark&) = default;
    std::string encode() const;
    static Result<Mark> decode(std::string_view bytes);
};

struct Usage {
    std::uint64_t files = 0;
    std::uint64_t file_bytes = 0;  ///< allocated on disk
    std::uint64_t live_bytes = 0;  ///< of records not freed
    std::uint64_t free_bytes = 0;  ///< that more mail may take before the location is full
    std::uint64_t records = 0;
    std::uint64_t syncs = 0;  ///< flushes since the location was opened
};

class Location {
public:
    /// Opens or creates the directory. `number` becomes the upper 16 bits of the ids given out here.
    /// `storage_id` is what hsf.dat must name ("" takes whatever is there or makes a new one). The directory
    /// is locked against other processes (io).
    static Result<std::unique_ptr<Location>> open(std::uint16_t number, const LocationOptions& options,
                                                  std::string_view storage_id = {});
    virtual ~Location() = default;

    virtual std::uint16_t number() const = 0;
    virtual const std::string& storage_id() const = 0;
    /// Whose storage this is, as hsf.dat says it: lines of free text, up to 32 KiB. On disk when set returns.
    virtual std::string relation() const = 0;
    virtual Result<> set_relation(std::string_view text) = 0;

    struct Placed {
        BlobId id;
        Extent extent;
    };
    /// Writes the records one behind the other (one pwritev where it can), in order. Nothing is durable
    /// before sync(). On failure nothing of the group counts: it is cut off. One group at a time; further
    /// callers wait.
    virtual Result<std::vector<Placed>> append(std::span<Record* const> group) = 0;
    /// What was appended and moved before the call is on disk when it returns. Once it has failed the
    /// location takes no more appends until it is opened again: a second flush would report success for lost
    /// pages.
    virtual Result<> sync() = 0;

    /// corrupt also when the record has been freed or moved in the meantime: look its place up again.
    virtual Result<Stored> read(BlobId id, const Extent& extent) = 0;
    /// At least the first `bytes` of the payload (all of it if shorter) for a look at the header; only as
    /// much is read and unpacked as that needs, so the checksum is not verified.
    virtual Result<std::string> read_head(BlobId id, const Extent& extent, std::size_t bytes) = 0;

    /// Gives the record's bytes back to the file system: punches out the 4 KiB pages that hold nothing but
    /// freed records. Freeing twice does no harm. The record is gone at once; small holes wait for their
    /// neighbours, at most until the next sync(). Not durable by itself: after a power cut the record may be
    /// there again.
    virtual Result<> release(BlobId id, const Extent& extent) = 0;
    /// What was released in the extent's file before the call is on disk when it returns. One flush. Works,
    /// if the disk does, also after sync() has failed.
    virtual Result<> sync_releases(const Extent& extent) = 0;

    /// To be called once after open, before the first append. Calls `found` with every whole record behind
    /// `mark`, in the order of writing, then cuts off what lies behind the last whole one, so that nothing
    /// stale is ever taken for a record. Also met are copies made by move() (their id is already known: keep
    /// the one that the table names, release the other). `found` may read and release, not append.
    virtual Result<> recover(const Mark& mark, const std::function<Result<>(Stored)>& found) = 0;
    virtual Mark mark() const = 0;  ///< behind everything appended so far

    /// Every record there is and not freed, whole or damaged (then the failure), for verify and repair.
    virtual Result<> for_each(const std::function<void(Result<Stored>)>& found) = 0;

    /// The file of which most has been freed or would be by packing what Effort::none left, if that is at
    /// least `garbage_share`; never the one being written.
    virtual std::optional<std::uint8_t> worth_compacting(double garbage_share) const = 0;
    /// The records of one file that are not freed, headers only (id and extent), in order.
    virtual Result<std::vector<Placed>> records_of(std::uint8_t file) = 0;
    /// Writes a copy of a record, with its id, at the end of the file being written; packed, if it was not.
    /// Not durable before sync().
    virtual Result<Extent> move(BlobId id, const Extent& from) = 0;
    /// Deletes a file that no record is needed of any more, so that its number can be used again. Call it
    /// when the moved copies are synced and the table that names them is on disk. Not for the one being
    /// written (io).
    virtual Result<> drop_file(std::uint8_t file) = 0;

    /// From now on; files that are larger or more stay, and grow no more. In the range of LocationOptions.
    virtual void change_limits(std::uint32_t max_files, std::uint64_t max_file_bytes, bool read_only) = 0;

    virtual Usage usage() const = 0;
    virtual bool full() const = 0;  ///< takes no more messages now
};

}  // namespace postrider::container
