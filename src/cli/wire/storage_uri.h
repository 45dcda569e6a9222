#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace postrider::cli {

/// [file://]path[?maxFiles=<n>&maxFileSize=<KB>[&readOnly=<yes|no>]]
struct StorageUri {
    std::string path;                    ///< not empty, without control characters
    std::uint32_t max_files = 0;         ///< 1 to 128; 0: not given
    std::uint32_t max_file_size_kb = 0;  ///< 1024 to 2 GB; 0: not given
    bool read_only = false;
    friend bool operator==(const StorageUri&, const StorageUri&) = default;
};

/// The error is a sentence.
std::expected<StorageUri, std::string> parse_storage_uri(std::string_view text);
std::string print(const StorageUri& uri);

/// A domain's location as it is compared: without slashes at its end.
std::string domain_path(std::string_view path);

}  // namespace postrider::cli
