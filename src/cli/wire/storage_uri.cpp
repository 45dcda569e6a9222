#include "cli/wire/storage_uri.h"

#include <charconv>

#include "text/ascii.h"

namespace postrider::cli {
namespace {

constexpr std::uint32_t largest_file_kb = 2u << 20;

std::expected<std::uint32_t, std::string> number(std::string_view name, std::string_view text,
                                                 std::uint32_t least, std::uint32_t most) {
    std::uint32_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
        return std::unexpected(std::string{name} + " is a number from " + std::to_string(least) + " to "
                               + std::to_string(most));
    return value;
}

}  // namespace

std::expected<StorageUri, std::string> parse_storage_uri(std::string_view text) {
    StorageUri uri;
    if (text::starts_with_ci(text, "file://")) text.remove_prefix(7);
    auto question = text.find('?');
    uri.path = text.substr(0, question);
    if (uri.path.empty() || uri.path.size() > 4096)
        return std::unexpected("a storage is [file://]path[?maxFiles=<n>&maxFileSize=<KB>]");
    for (char c : uri.path)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            return std::unexpected("a path has no control characters");
    std::string_view rest = question == text.npos ? std::string_view{} : text.substr(question + 1);
    while (!rest.empty()) {
        auto end = std::min(rest.find('&'), rest.size());
        std::string_view one = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        auto equals = one.find('=');
        std::string_view name = one.substr(0, equals),
                         value = equals == one.npos ? std::string_view{} : one.substr(equals + 1);
        if (text::equal_ci(name, "maxFiles")) {
            auto files = number("maxFiles", value, 1, 128);
            if (!files) return std::unexpected(files.error());
            uri.max_files = *files;
        } else if (text::equal_ci(name, "maxFileSize")) {
            auto size = number("maxFileSize", value, 1024, largest_file_kb);
            if (!size) return std::unexpected(size.error());
            uri.max_file_size_kb = *size;
        } else if (text::equal_ci(name, "readOnly")
                   && (text::equal_ci(value, "yes") || text::equal_ci(value, "no"))) {
            uri.read_only = text::equal_ci(value, "yes");
        } else {
            return std::unexpected("a storage has maxFiles, maxFileSize and readOnly behind its ?");
        }
    }
    return uri;
}

std::string domain_path(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    return std::string{path};
}

std::string print(const StorageUri& uri) {
    std::string out = "file://" + uri.path;
    char before = '?';
    auto add = [&](std::string_view name, std::string value) {
        out.push_back(before);
        out.append(name).append("=").append(value);
        before = '&';
    };
    if (uri.max_files != 0) add("maxFiles", std::to_string(uri.max_files));
    if (uri.max_file_size_kb != 0) add("maxFileSize", std::to_string(uri.max_file_size_kb));
    if (uri.read_only) add("readOnly", "yes");
    return out;
}

}  // namespace postrider::cli
