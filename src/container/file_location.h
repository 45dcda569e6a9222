#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <shared_mutex>

#include "container/file.h"
#include "container/free_space.h"
#include "container/identity.h"

namespace postrider::container {

/// A location in a directory of the file system. Locks, in the order they are taken: syncing_, appending_,
/// releasing_, table_. Readers take only table_, for as long as it takes to look a file up.
class FileLocation final : public Location {
public:
    /// `disk` must outlive the location.
    static Result<std::unique_ptr<Location>> open(std::uint16_t number, const LocationOptions& options,
                                                  std::string_view storage_id, Disk& disk);
    ~FileLocation() override;

    std::uint16_t number() const override { return number_; }
    const std::string& storage_id() const override { return identity_.storage_id; }
    std::string relation() const override;
    Result<> set_relation(std::string_view text) override;

    Result<std::vector<Placed>> append(std::span<Record* const> group) override;
    Result<> sync() override;
    Result<Stored> read(BlobId id, const Extent& extent) override;
    Result<std::string> read_head(BlobId id, const Extent& extent, std::size_t bytes) override;
    Result<> release(BlobId id, const Extent& extent) override;
    Result<> sync_releases(const Extent& extent) override;
    Result<> recover(const Mark& mark, const std::function<Result<>(Stored)>& found) override;
    Mark mark() const override;
    Result<> for_each(const std::function<void(Result<Stored>)>& found) override;
    std::optional<std::uint8_t> worth_compacting(double garbage_share) const override;
    Result<std::vector<Placed>> records_of(std::uint8_t file) override;
    Result<Extent> move(BlobId id, const Extent& from) override;
    Result<> drop_file(std::uint8_t file) override;
    void change_limits(std::uint32_t max_files, std::uint64_t max_file_bytes, bool read_only) override;
    Usage usage() const override;
    bool full() const override;

private:
    using FilePtr = std::shared_ptr<ContainerFile>;
    static constexpr std::size_t most_files = 128;
    static constexpr std::uint64_t summary_every = 16u << 20;

    FileLocation(std::uint16_t number, const LocationOptions& options, Disk& disk, int directory_fd);

    // open.cpp
    Result<> identify(std::string_view storage_id);
    Result<> open_files();
    Result<FilePtr> open_file(std::uint8_t number);
    Result<FilePtr> create_file();
    std::filesystem::path path_of(std::uint8_t number) const;

    // append.cpp; all with appending_ held
    struct Before {  // what a failed group puts back
        FilePtr file;
        std::uint64_t end;
        std::uint32_t last_record;
        std::uint64_t records;  // that were written since
    };
    Result<> ready();
    Result<FilePtr> file_for(std::uint64_t size);
    Result<std::vector<Placed>> write_group(std::span<Record* const> group, std::span<const BlobId> ids);
    Result<> write_run(ContainerFile& file, std::span<Record* const> run, std::span<const BlobId> ids,
                       std::vector<Placed>& placed);
    int write_zeros(int fd, std::uint64_t from, std::uint64_t size);
    std::uint64_t zeros_behind(const ContainerFile& file, std::uint64_t group_size, std::uint64_t end,
                               std::uint64_t& lay_out_to) const;
    void put_back(std::span<const Before> before);
    Result<> close_file(ContainerFile& file);
    Result<> write_summary(ContainerFile& file);
    Failure sync_failed(const ContainerFile& file, int error);
    std::uint64_t room_in(const ContainerFile& file) const;
    bool worth_filling(const ContainerFile& file) const;

    // read.cpp
    struct Opened {
        FilePtr file;
        RecordHeader header;
        std::string bytes;  ///< header and what follows it, as much as was asked for
    };
    Result<Opened> open_record(BlobId id, const Extent& extent, std::size_t bytes) const;
    Result<Stored> unpack_record(const ContainerFile& file, std::uint64_t offset, const RecordHeader& header,
                                 std::string_view body) const;

    // release.cpp
    struct Hole {
        FilePtr file;
        std::uint64_t begin;
        std::uint64_t end;
    };
    Result<> punch_holes();
    void remember_freed(ContainerFile& file, std::uint64_t bytes);
    Hole hole_around(const ContainerFile& file, std::uint64_t offset, const RecordHeader& header) const;

    // recover.cpp
    Result<> recover_locked(const Mark& mark, const std::function<Result<>(Stored)>* found);
    Result<> recover_file(ContainerFile& file, std::uint64_t from,
                          const std::function<Result<>(Stored)>* found);
    Result<> count_live(ContainerFile& file);

    FilePtr file(std::uint8_t number) const;
    std::vector<FilePtr> files() const;  ///< in the order they were made

    const std::uint16_t number_;
    const LocationOptions options_;  ///< as opened: these three may have changed since
    std::atomic<std::uint32_t> max_files_{options_.max_files};
    std::atomic<std::uint64_t> max_file_bytes_{options_.max_file_bytes};
    std::atomic<bool> read_only_{options_.read_only};
    Disk& disk_;
    const int directory_fd_;  ///< locked while the location is open
    FreeSpace free_space_;
    Identity identity_;
    mutable std::mutex relation_lock_;
    std::uint64_t seed_ = 0;

    mutable std::shared_mutex table_;
    std::array<FilePtr, most_files> files_;

    std::mutex syncing_;
    mutable std::mutex appending_;
    FilePtr active_;
    bool ready_ = false;  ///< where every file ends is known
    std::uint64_t last_number_ = 0;
    std::uint64_t last_generation_ = 0;
    std::string failed_;  ///< a flush failed: why nothing is appended any more
    std::atomic<bool> has_failed_ = false;

    std::mutex releasing_;
    std::vector<Hole> holes_;  ///< of freed records, not punched yet
    std::atomic<std::uint64_t> syncs_ = 0;
};

}  // namespace postrider::container
