#pragma once

#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mailstore/mailstore.h"

namespace postrider::app {

/// The storage locations besides location 0 (DIR/messages), which must be open before the mail store can be
/// read: so they are not kept in it but in DIR/run/locations.json.
class LocationsFile {
public:
    /// `home` is the working directory: a directory that is not absolute is relative to it.
    static std::expected<LocationsFile, std::string> load(std::filesystem::path home);

    /// Absolute directories.
    const std::vector<mailstore::LocationConfig>& all() const { return locations_; }
    /// Location 0 too; nothing when no location lies there.
    std::optional<std::uint16_t> number_of(const std::filesystem::path& directory) const;
    std::uint16_t next_number() const;
    /// Makes the directory, or takes the storage that is there, and remembers it with its identity, so that a
    /// disk that is not mounted at the next start is noticed. On disk when it returns.
    std::expected<mailstore::LocationConfig, mailstore::Failure> add(mailstore::LocationConfig location);
    std::expected<void, std::string> remove(std::uint16_t number);
    /// New limits of a location, as remembered; a number or size of 0 stays as it was. Not for location 0.
    std::expected<mailstore::LocationConfig, mailstore::Failure> change(std::uint16_t number,
                                                                        std::uint32_t max_files,
                                                                        std::uint64_t max_file_bytes,
                                                                        bool read_only);

    std::filesystem::path absolute(const std::filesystem::path& directory) const;

private:
    std::expected<void, std::string> save() const;

    std::filesystem::path home_;
    std::vector<mailstore::LocationConfig> locations_;
};

}  // namespace postrider::app
