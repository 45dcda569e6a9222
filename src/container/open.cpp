#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "base/make_directory.h"
#include "container/file_location.h"

namespace postrider::container {
namespace {

Failure trouble(const std::filesystem::path& path, int error) {
    return {error == ENOSPC || error == EDQUOT ? ContainerError::full : ContainerError::io,
            fmt::format("{}: {}", path.native(), std::generic_category().message(error))};
}

LocationOptions within_bounds(LocationOptions options) {
    options.max_files = std::clamp<std::uint32_t>(options.max_files, 1, 128);
    options.max_file_bytes = std::clamp<std::uint64_t>(options.max_file_bytes, 1u << 20, 2ull << 30);
    // Offsets are aligned, so that a record's end is too: the last aligned one fits 32 bits.
    options.max_file_bytes -= options.max_file_bytes % page_size;
    return options;
}

}  // namespace

Result<std::unique_ptr<Location>> Location::open(std::uint16_t number, const LocationOptions& options,
                                                 std::string_view storage_id) {
    static Disk disk;  // has no state: the real one
    return FileLocation::open(number, options, storage_id, disk);
}

FileLocation::FileLocation(std::uint16_t number, const LocationOptions& options, Disk& disk, int directory_fd)
    : number_{number},
      options_{within_bounds(options)},
      disk_{disk},
      directory_fd_{directory_fd},
      free_space_{disk, directory_fd} {}

Result<std::unique_ptr<Location>> FileLocation::open(std::uint16_t number, const LocationOptions& options,
                                                     std::string_view storage_id, Disk& disk) {
    if (auto made = make_directory(options.directory); !made)
        return std::unexpected(trouble(options.directory, made.error().value()));
    const int fd = ::open(options.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return std::unexpected(trouble(options.directory, errno));
    std::unique_ptr<FileLocation> location{new FileLocation{number, options, disk, fd}};
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return std::unexpected(Failure{
            ContainerError::io,
            fmt::format("{}: in use by another process or opened twice", options.directory.native())});
    if (auto ok = location->identify(storage_id); !ok) return std::unexpected(ok.error());
    if (auto ok = location->open_files(); !ok) return std::unexpected(ok.error());
    return location;
}

void FileLocation::change_limits(std::uint32_t max_files, std::uint64_t max_file_bytes, bool read_only) {
    LocationOptions options = options_;
    options.max_files = max_files;
    options.max_file_bytes = max_file_bytes;
    options = within_bounds(std::move(options));
    max_files_ = options.max_files;
    max_file_bytes_ = options.max_file_bytes;
    read_only_ = read_only;
}

Result<> FileLocation::identify(std::string_view storage_id) {
    const auto path = options_.directory / "hsf.dat";
    auto found = read_identity(path);
    if (!found && (found.error().kind != ContainerError::io || !found.error().what.empty()))
        return std::unexpected(found.error());
    if (found) {
        if (!storage_id.empty() && found->storage_id != storage_id)
            return std::unexpected(Failure{
                ContainerError::foreign,
                fmt::format("{}: is storage {}, not {}", path.native(), found->storage_id, storage_id)});
        identity_ = std::move(*found);
    } else {
        // An expected storage without its name is a mount that is missing, not a new storage.
        if (!storage_id.empty())
            return std::unexpected(
                Failure{ContainerError::foreign,
                        fmt::format("{}: missing; storage {} should be here", path.native(), storage_id)});
        for (unsigned n = 0; n < most_files; ++n)
            if (std::filesystem::exists(path_of(static_cast<std::uint8_t>(n))))
                return std::unexpected(
                    Failure{ContainerError::foreign,
                            fmt::format("{}: missing, but there are container files", path.native())});
        identity_ = Identity::make();
        if (auto ok = write_identity(path, identity_); !ok) return ok;
    }
    seed_ = storage_seed(identity_.storage_id);
    return {};
}

std::filesystem::path FileLocation::path_of(std::uint8_t number) const {
    return options_.directory / fmt::format("{:02x}.hsf", number);
}

Result<> FileLocation::open_files() {
    ready_ = true;
    for (unsigned n = 0; n < most_files; ++n) {
        auto opened = open_file(static_cast<std::uint8_t>(n));
        if (!opened) return std::unexpected(opened.error());
        if (!*opened) continue;
        files_[n] = *opened;
        last_generation_ = std::max(last_generation_, (*opened)->generation);
        last_number_ = std::max(last_number_, (*opened)->last_number);
    }
    return {};
}

/// @return null if there is no such file, or only the beginnings of one
Result<FileLocation::FilePtr> FileLocation::open_file(std::uint8_t number) {
    const auto path = path_of(number);
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) return FilePtr{};
    if (fd < 0) return std::unexpected(trouble(path, errno));
    auto opened = std::make_shared<ContainerFile>(path, number, fd);
    const std::uint64_t size = opened->size();
    auto bytes = opened->read(0, 2 * sector);
    if (!bytes) return std::unexpected(bytes.error());
    const auto header = FileHeader::decode(*bytes);
    if (!header && header.error().kind == ContainerError::newer)
        return std::unexpected(opened->failure(ContainerError::newer, 0, header.error().what));
    if (!header && size <= first_record) {
        // The server died while it made the file: nothing can be in it.
        if (unlink(path.c_str()) != 0) return std::unexpected(trouble(path, errno));
        return FilePtr{};
    }
    if (header && (header->storage_id != identity_.storage_id || header->number != number))
        return std::unexpected(opened->failure(
            ContainerError::foreign, 0,
            fmt::format("belongs to storage {} as file {:02x}", header->storage_id, header->number)));
    if (!header) {
        // Its records have checksums of their own and can still be read.
        opened->trouble = header.error().what;
        opened->closed = true;
        opened->end = size;
        return opened;
    }
    opened->generation = header->generation;
    const auto summary =
        Summary::decode(std::string_view{*bytes}.substr(std::min<std::size_t>(sector, bytes->size())));
    if (summary) {
        opened->end = summary->end;
        opened->last_record = summary->last_record;
        opened->last_number = summary->last_number;
        opened->live_bytes = summary->live_bytes;
        opened->live_records = summary->live_records;
        opened->raw_bytes = summary->raw_bytes;
        opened->closed = summary->closed;
        opened->summary_end = summary->end;
    }
    opened->zeroed_to = opened->laid_out_to = size;
    // Until recover() has found where it ends, everything in it can be read.
    if (!summary || summary->end != size) {
        ready_ = false;
        if (!summary) opened->summary_end = 0;
    }
    return opened;
}

Result<FileLocation::FilePtr> FileLocation::create_file() {
    unsigned n = 0;
    while (n < max_files_ && file(static_cast<std::uint8_t>(n))) ++n;
    if (n == max_files_)
        return std::unexpected(
            Failure{ContainerError::full,
                    fmt::format("{}: all {} files have reached their maximum of {} bytes",
                                options_.directory.native(), max_files_.load(), max_file_bytes_.load())});
    const auto number = static_cast<std::uint8_t>(n);
    const auto path = path_of(number);
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return std::unexpected(trouble(path, errno));
    auto made = std::make_shared<ContainerFile>(path, number, fd);
    made->generation = ++last_generation_;
    std::string page = FileHeader{number, identity_.storage_id, made->generation}.encode();
    page.resize(sector);
    page += Summary{.last_number = last_number_}.encode();
    page.resize(first_record);
    int error = disk_.write(fd, page, 0);
    // The records that follow are only as durable as the file's name.
    if (error == 0 && fsync(fd) != 0) error = errno;
    if (error == 0 && fsync(directory_fd_) != 0) error = errno;
    if (error != 0) {
        unlink(path.c_str());
        return std::unexpected(made->refused("making it", error));
    }
    made->last_number = last_number_;
    made->zeroed_to = made->laid_out_to = made->summary_end = first_record;
    const std::unique_lock lock{table_};
    files_[n] = made;
    return made;
}

FileLocation::~FileLocation() {
    const std::lock_guard syncing{syncing_};
    const std::lock_guard lock{appending_};
    (void)punch_holes();
    // A clean end: the next open need not look where the files end. If this fails, it looks.
    if (ready_ && !has_failed_)
        for (const auto& each : files()) {
            if (!each->trouble.empty()) continue;
            if (each->unsynced && disk_.sync(each->fd) != 0) continue;
            if (each->size() != each->end && disk_.truncate(each->fd, each->end) != 0) continue;
            (void)write_summary(*each);
        }
    close(directory_fd_);
}

std::string FileLocation::relation() const {
    const std::lock_guard lock{relation_lock_};
    return identity_.relation;
}

Result<> FileLocation::set_relation(std::string_view text) {
    const std::lock_guard lock{relation_lock_};
    while (text.ends_with('\n')) text.remove_suffix(1);
    Identity changed{identity_.storage_id, std::string{text}};
    if (auto ok = write_identity(options_.directory / "hsf.dat", changed); !ok) return ok;
    identity_.relation = std::move(changed.relation);
    return {};
}

FileLocation::FilePtr FileLocation::file(std::uint8_t number) const {
    const std::shared_lock lock{table_};
    return number < most_files ? files_[number] : nullptr;
}

std::vector<FileLocation::FilePtr> FileLocation::files() const {
    std::vector<FilePtr> found;
    {
        const std::shared_lock lock{table_};
        for (const auto& each : files_)
            if (each) found.push_back(each);
    }
    std::ranges::sort(found, {}, [](const FilePtr& each) {
        return std::pair{each->generation, each->number};
    });
    return found;
}

}  // namespace postrider::container
