#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// Reading other servers' files. Symbolic links are not followed: what lies in a mailbox may have been put
/// there by its owner, and this process may read more than he.
namespace postrider::migration {

/// An open file; closed with it.
class InFile {
public:
    static std::expected<InFile, std::string> open(const std::filesystem::path& path);
    InFile(InFile&& other) noexcept;
    InFile& operator=(InFile&& other) noexcept;
    ~InFile();

    std::uint64_t size() const { return size_; }
    std::int64_t modified() const { return modified_; }  ///< seconds since 1970
    /// Up to that many octets; fewer at the end of the file.
    std::expected<std::string, std::string> read(std::uint64_t offset, std::size_t bytes) const;

private:
    InFile(int fd, std::uint64_t size, std::int64_t modified) : fd_{fd}, size_{size}, modified_{modified} {}
    int fd_ = -1;
    std::uint64_t size_ = 0;
    std::int64_t modified_ = 0;
};

/// All of it, if it is no larger than the limit.
std::expected<std::string, std::string> read_whole(const std::filesystem::path& path, std::uint64_t limit);

/// Names in a directory, sorted; those of directories end with '/'. Links and the rest are left out.
std::expected<std::vector<std::string>, std::string> names_in(const std::filesystem::path& directory);

/// Every line end as CRLF; a lone CR stays.
std::string with_crlf(std::string octets);

/// A folder's name on disk as UTF-8: modified UTF-7 as most servers write it, or UTF-8 as it stands; what is
/// neither has its octets above 127 replaced.
std::string folder_name(std::string_view on_disk);

}  // namespace postrider::migration
