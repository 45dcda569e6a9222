#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/test_folder.h"
#include "container/file_location.h"
#include "container/mail_for_tests.h"

namespace postrider::container {

using Placed = Location::Placed;

/// A disk that can be told to refuse.
class StubbornDisk final : public Disk {
public:
    using Disk::write;
    int write(int fd, std::span<iovec> pieces, std::uint64_t offset) override {
        if (write_error != 0) {
            // Half of it gets there, as on a disk that runs full.
            if (pieces.size() > 1) (void)Disk::write(fd, pieces.first(pieces.size() / 2), offset);
            return write_error;
        }
        return Disk::write(fd, pieces, offset);
    }
    int sync(int fd) override { return sync_error != 0 ? sync_error : Disk::sync(fd); }
    int free_bytes(int fd, std::uint64_t& free) override {
        if (free_space == 0) return Disk::free_bytes(fd, free);
        free = free_space;
        return 0;
    }

    int write_error = 0;
    int sync_error = 0;
    std::uint64_t free_space = 0;
};

struct ContainerTest : testing::Test {
    TestFolder scratch;
    StubbornDisk disk;
    LocationOptions options{.directory = scratch.path() / "mail",
                            .max_files = 128,
                            .max_file_bytes = 4u << 20,
                            .preallocate_bytes = 1u << 20,
                            .zero_ahead_bytes = 256u << 10,
                            .min_disk_free_bytes = 0};

    std::unique_ptr<Location> open() {
        auto location = FileLocation::open(7, options, {}, disk);
        if (!location) throw std::runtime_error(location.error().what);
        return std::move(*location);
    }
    static Placed add(Location& location, std::string_view payload, std::string_view meta = "meta",
                      Codec codec = Codec::packed) {
        Record record = Record::make(meta, payload, codec);
        Record* const group[] = {&record};
        auto placed = location.append(group);
        if (!placed) throw std::runtime_error(placed.error().what);
        return placed->front();
    }
    static std::string payload_of(Location& location, const Placed& placed) {
        auto stored = location.read(placed.id, placed.extent);
        return stored ? stored->payload : "(" + stored.error().what + ")";
    }
    static std::vector<Stored> recovered(Location& location, const Mark& mark = {}) {
        std::vector<Stored> all;
        auto ok = location.recover(mark, [&](Stored stored) -> Result<> {
            all.push_back(std::move(stored));
            return {};
        });
        EXPECT_TRUE(ok) << ok.error().what;
        return all;
    }
    static std::vector<std::uint64_t> numbers(const std::vector<Stored>& all) {
        std::vector<std::uint64_t> found;
        for (const auto& stored : all) found.push_back(stored.id.value() & 0xffff'ffff'ffff);
        return found;
    }
    std::filesystem::path file(unsigned number) const {
        char name[16];
        std::snprintf(name, sizeof name, "%02x.hsf", number);
        return options.directory / name;
    }
    static std::uint64_t allocated(const std::filesystem::path& path) {
        struct stat status {};
        return stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
    }
    /// The directory as a crash would leave it: copied while the location is open.
    std::filesystem::path crashed_copy(std::string_view name = "crashed") {
        const auto copy = scratch.path() / name;
        std::filesystem::copy(options.directory, copy);
        return copy;
    }
    static void overwrite(const std::filesystem::path& path, std::uint64_t offset, std::string_view bytes) {
        const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
        ASSERT_EQ(pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)),
                  static_cast<ssize_t>(bytes.size()));
        close(fd);
    }
};

}  // namespace postrider::container
