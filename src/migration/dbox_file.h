#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
    std::optional<std::uint64_t> whole;  ///< size when it is not stored as it is: decompressed, put together
    std::string external;                ///< which parts lie in files of their own; "" for none
    std::string original_folder;         ///< into which it was stored at first, as on disk
};
std::expected<DboxMetadata, std::string> parse_dbox_metadata(std::string_view data);

/// A part of a message that lies in a file of its own below mail_attachment_dir.
struct ExternalPart {
    std::uint64_t offset = 0, size = 0;  ///< in the whole message
    std::size_t base64_line =
        0;              ///< characters in a line of base64, which the file is not in; 0: it is as it is
    bool crlf = false;  ///< between these lines
    std::string path;   ///< relative, without ".."
};
/// @param text  DboxMetadata::external. Ascending by offset; at most 10,000.
std::expected<std::vector<ExternalPart>, std::string> parse_external_parts(std::string_view text);
/// As it stood in the message.
std::string encoded_part(const ExternalPart& part, std::string octets);

}  // namespace postrider::migration
