#include "migration/dbox_file.h"

#include <algorithm>
#include <charconv>

#include "migration/found.h"
#include "text/base64.h"

namespace postrider::migration {
namespace {

std::optional<std::uint64_t> hex(std::string_view text) {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

constexpr std::string_view before_message{"\x01\x02N "};
constexpr std::string_view before_metadata{"\n\x01\x03\n"};

}  // namespace

std::expected<DboxFileHeader, std::string> parse_dbox_file_header(std::string_view data) {
    const std::size_t end = data.substr(0, 1'000).find('\n');
    if (end == std::string_view::npos || !data.starts_with("2 "))
        return std::unexpected("not a dbox file of version 2");
    DboxFileHeader header;
    header.size = end + 1;
    std::string_view rest = data.substr(2, end - 2);
    while (!rest.empty()) {
        const std::size_t stop = std::min(rest.find(' '), rest.size());
        const std::string_view field = rest.substr(0, stop);
        if (field.starts_with('M'))
            if (auto size = hex(field.substr(1)); size && *size >= 30 && *size <= 1'000)
                header.message_header = static_cast<std::size_t>(*size);
        rest.remove_prefix(std::min(stop + 1, rest.size()));
    }
    if (header.message_header == 0)
        return std::unexpected("the file's header does not say how large messages' are");
    return header;
}

std::expected<std::uint64_t, std::string> parse_dbox_message_header(std::string_view header) {
    if (header.size() < 30 || !header.starts_with(before_message))
        return std::unexpected("no message begins here");
    auto size = hex(header.substr(13, 16));
    if (!size) return std::unexpected("the message's size is damaged");
    return *size;
}

std::expected<DboxMetadata, std::string> parse_dbox_metadata(std::string_view data) {
    if (!data.starts_with(before_metadata))
        return std::unexpected("the message does not end where its header says");
    DboxMetadata metadata;
    data.remove_prefix(before_metadata.size());
    while (true) {
        const std::size_t end = data.find('\n');
        if (end == std::string_view::npos) return std::unexpected("what is known of the message is cut off");
        if (end == 0) return metadata;
        const std::string_view value = data.substr(1, end - 1);
        if (data[0] == 'R')
            if (auto seconds = hex(value))
                metadata.received = static_cast<std::int64_t>(*seconds & 0xff'ffff'ffff);
        if (data[0] == 'Z') metadata.whole = hex(value);
        if (data[0] == 'X') metadata.external = value;
        if (data[0] == 'B') metadata.original_folder = value;
        data.remove_prefix(end + 1);
    }
}

/// Four words each: offset, size, options, path. Of the options B is followed by the characters in a line of
/// base64, C says that its lines end with CRLF, and - is none.
std::expected<std::vector<ExternalPart>, std::string> parse_external_parts(std::string_view text) {
    constexpr std::size_t most = 10'000;
    const auto wrong = std::unexpected("what is said of its attachments' files is damaged");
    auto word = [&] {
        const std::string_view one = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(one.size() + 1, text.size()));
        return one;
    };
    auto decimal = [](std::string_view digits) -> std::optional<std::uint64_t> {
        std::uint64_t value = 0;
        auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
        return value;
    };
    std::vector<ExternalPart> parts;
    while (!text.empty()) {
        ExternalPart part;
        const auto offset = decimal(word()), size = decimal(word());
        std::string_view options = word();
        part.path = word();
        if (!offset || *offset > max_message_bytes || !size || *size > max_message_bytes) return wrong;
        if (part.path.empty() || part.path.starts_with('/') || parts.size() >= most) return wrong;
        if (("/" + part.path + "/").find("/../") != std::string::npos) return wrong;
        part.offset = *offset;
        part.size = *size;
        if (!parts.empty() && part.offset < parts.back().offset + parts.back().size) return wrong;
        if (options != "-") {
            if (!options.starts_with('B')) return wrong;
            part.crlf = options.ends_with('C');
            const auto line = decimal(options.substr(1, options.size() - 1 - part.crlf));
            if (!line || *line == 0 || *line % 4 != 0 || *line > 100'000) return wrong;
            part.base64_line = *line;
        }
        parts.push_back(std::move(part));
    }
    return parts;
}

std::string encoded_part(const ExternalPart& part, std::string octets) {
    if (part.base64_line == 0) return octets;
    const std::string all = text::encode_base64(octets);
    std::string out;
    for (std::size_t at = 0; at < all.size(); at += part.base64_line) {
        if (at != 0) out += part.crlf ? "\r\n" : "\n";
        out.append(all, at, part.base64_line);
    }
    // The last line has an end when the part's size has room for it.
    if (out.size() < part.size) out += part.crlf ? "\r\n" : "\n";
    return out;
}

}  // namespace postrider::migration
