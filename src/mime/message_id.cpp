#include "mime/message_id.h"

#include "mime/description.h"
#include "text/ascii.h"

namespace postrider::mime {
namespace {

constexpr std::size_t max_id = 998;  // a line, RFC 5322 §2.1.1

std::string without_spaces(std::string_view raw) {
    std::string id;
    id.reserve(raw.size());
    for (char c : raw)
        if (!text::is_space(c) && c != '\0') id += c;
    return id;
}

/// The next "<...>" of `value`, which moves behind it. Stops at the end, or at a "<" that is never closed.
std::optional<std::string> next_id(std::string_view& value) {
    while (true) {
        std::size_t open = value.find('<');
        if (open == std::string_view::npos) return std::nullopt;
        value.remove_prefix(open + 1);
        std::size_t close = value.find_first_of("<>");
        if (close == std::string_view::npos) return std::nullopt;
        if (value[close] == '<') {  // "<a <b>": the first was no id
            value.remove_prefix(close);
            continue;
        }
        std::string id = close <= 2 * max_id ? without_spaces(value.substr(0, close)) : std::string{};
        value.remove_prefix(close + 1);
        if (!id.empty() && id.size() <= max_id) return id;
    }
}

}  // namespace

std::vector<std::string> parse_message_ids(std::string_view value, std::size_t limit) {
    std::vector<std::string> ids;
    while (ids.size() < limit) {
        auto id = next_id(value);
        if (!id) break;
        ids.push_back(std::move(*id));
    }
    return ids;
}

std::optional<std::string> first_message_id(std::string_view value) {
    std::string_view rest = value;
    if (auto id = next_id(rest)) return id;
    value = text::trim(value);
    if (value.empty() || value.size() > max_id
        || value.find_first_of(" \t\r\n<>(),;") != std::string_view::npos)
        return std::nullopt;
    std::string id = without_spaces(value);
    if (id.empty()) return std::nullopt;
    return id;
}

std::uint64_t thread_key(std::string_view message_id) {
    if (message_id.empty()) return 0;
    std::uint64_t hash =
        0xcbf29ce484222325;  // FNV-1a, then mixed once so that every bit depends on all octets
    for (char c : message_id) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93;
    hash ^= hash >> 32;
    return hash == 0 ? 1 : hash;
}

std::uint64_t reference_key(std::string_view message_id) {
    if (message_id.find_first_of("\"\\") == std::string_view::npos) return thread_key(message_id);
    std::string plain;
    for (char c : message_id)
        if (c != '"' && c != '\\') plain += c;
    return thread_key(plain);
}

std::vector<std::uint64_t> reference_keys(std::string_view references, std::string_view in_reply_to) {
    std::vector<std::uint64_t> keys;
    for (std::string_view rest = references; auto id = next_id(rest);) keys.push_back(reference_key(*id));
    if (keys.empty())
        if (auto id = first_message_id(in_reply_to)) keys.push_back(reference_key(*id));
    if (keys.size() > max_references)
        keys.erase(keys.begin(), keys.end() - static_cast<std::ptrdiff_t>(max_references));
    return keys;
}

}  // namespace postrider::mime
