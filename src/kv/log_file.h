#pragma once

#include <rocksdb/file_system.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// The files of the engine's log, as they are written and read.
namespace postrider::kv {

/// A new log at `path`. While somebody is in a hurry, what is appended goes on its way to the disk at once;
/// and where that goes on, zeros are written ahead of the end, in the background: a flush of what overwrites
/// them need not wait for the file system to note blocks and a size.
std::unique_ptr<rocksdb::FSWritableFile> make_log_file(
    std::unique_ptr<rocksdb::FSWritableFile>&& file, const std::string& path,
    std::shared_ptr<const std::atomic<unsigned>> in_a_hurry);

/// A log that is read again. Where it has ended, be it before zeros or before a hole that a power cut left,
/// only zeros follow: the engine steps over those, and must not find again what lies behind.
std::unique_ptr<rocksdb::FSSequentialFile> make_log_reader(std::unique_ptr<rocksdb::FSSequentialFile>&& file);

/// Follows the engine's framing of a log: blocks of 32 KiB; in them headers (checksum of 4 octets, length of
/// 2, type) with what they announce; nothing of less than a header before a block's end. A header of zeros is
/// none.
class LogFraming {
public:
    /// Of the octets that come next, in pieces of any size: how many belong to the log.
    std::size_t take(std::string_view octets);
    bool ended() const { return ended_; }

private:
    static constexpr std::size_t block = 32'768, header = 7;

    std::size_t in_block_ = 0;  ///< octets of the block that were taken
    std::size_t skip_ = 0;      ///< that are no header
    std::size_t begun_ = 0;     ///< of the header in header_
    std::array<unsigned char, header> header_{};
    bool ended_ = false;
};

}  // namespace postrider::kv
