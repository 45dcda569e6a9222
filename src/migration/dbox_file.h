#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

/// The parts of Dovecot's dbox files: "u.1" of sdbox holds one message, "m.1" of mdbox many. Pure.
namespace postrider::migration {

/// The file's first line.
struct DboxFileHeader {
    std::size_t size = 0;            ///< of the line, its end included
    std::size_t message_header = 0;  ///< size of the header before each message
};
std::expected<DboxFileHeader, std::string> parse_dbox_file_header(std::string_view data);

/// The size of the message whose header this is.
std::expected<std::uint64_t, std::string> parse_dbox_message_header(std::string_view header);

/// What follows the message, up to an empty line.
struct DboxMetadata {
    std::optional<std::int64_t> received;  ///< seconds since 1970
    bool compressed = false;               ///< stored size and size differ
    bool external = false;                 ///< attachments lie in files of their own
    std::string original_folder;           ///< into which it was stored at first, as on disk
};
std::expected<DboxMetadata, std::string> parse_dbox_metadata(std::string_view data);

}  // namespace postrider::migration
