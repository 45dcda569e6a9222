#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

/// Writing files that other servers will read.
namespace postrider::migration {

/// Writes the file beside its place and renames it there: never half there under its name. Not synced.
/// @param modified  its time, seconds since 1970, when not 0
std::expected<void, std::string> put_file(const std::filesystem::path& path, std::string_view octets,
                                          std::int64_t modified = 0);
/// As put_file(), through that other name in the same file system (Maildir's tmp/).
std::expected<void, std::string> put_file_through(const std::filesystem::path& temporary,
                                                  const std::filesystem::path& path, std::string_view octets,
                                                  std::int64_t modified);
/// Everything in the file system of that directory is on disk when it returns.
std::expected<void, std::string> sync_files(const std::filesystem::path& directory);

/// Removes files of that directory that an earlier run has written and that are not wanted any more.
/// @return how many
std::expected<std::uint64_t, std::string> remove_files(
    const std::filesystem::path& directory, const std::function<bool(const std::string& name)>& unwanted);

/// Line ends as LF, if all are CRLF: what stands in files of Unix servers. Others stay.
std::string with_lf(std::string octets);

/// A path as directories: each component in modified UTF-7.
std::string name_on_disk(std::string_view path, char separator);

}  // namespace postrider::migration
