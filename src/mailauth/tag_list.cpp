#include "mailauth/tag_list.h"

#include "text/ascii.h"

namespace postrider::mailauth {
namespace {

/// tag-name = ALPHA *ALNUMPUNC
bool tag_name(std::string_view name) {
    if (name.empty() || !text::is_alpha(name[0])) return false;
    for (char c : name)
        if (!text::is_alpha(c) && !text::is_digit(c) && c != '_') return false;
    return true;
}

/// tval = 1*VALCHAR, VALCHAR = %x21-3A / %x3C-7E; white space between them
bool tag_value(std::string_view value) {
    for (char c : value)
        if (c >= 0 && (c < ' ' || c == 127) && !text::is_space(c)) return false;
    return true;
}

}  // namespace

std::optional<TagList> TagList::parse(std::string_view text) {
    TagList list;
    if (text.size() > max_octets) return std::nullopt;
    text = text::trim(text);
    if (text.ends_with(';')) text.remove_suffix(1);
    for (bool more = true; more;) {
        const std::size_t end = text.find(';');
        std::string_view spec = text.substr(0, end);
        more = end != std::string_view::npos;
        if (more) text.remove_prefix(end + 1);
        const std::size_t equals = spec.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        const std::string_view name = text::trim(spec.substr(0, equals));
        const std::string_view value = text::trim(spec.substr(equals + 1));
        if (!tag_name(name) || !tag_value(value) || list.find(name) || list.tags_.size() == max_tags)
            return std::nullopt;
        list.tags_.emplace_back(name, value);
    }
    return list;
}

TagList TagList::parse_leniently(std::string_view text) {
    TagList list;
    text = text.substr(0, max_octets);
    for (bool more = true; more && list.tags_.size() < max_tags;) {
        const std::size_t end = text.find(';');
        const std::string_view spec = text.substr(0, end);
        more = end != std::string_view::npos;
        if (more) text.remove_prefix(end + 1);
        const std::size_t equals = spec.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view name = text::trim(spec.substr(0, equals));
        if (tag_name(name) && !list.find(name))
            list.tags_.emplace_back(name, text::trim(spec.substr(equals + 1)));
    }
    return list;
}

std::optional<std::string_view> TagList::find(std::string_view name) const {
    for (const auto& [known, value] : tags_)
        if (known == name) return value;
    return std::nullopt;
}

std::string without_space(std::string_view value) {
    std::string out;
    out.reserve(value.size());
    for (char c : value)
        if (!text::is_space(c)) out += c;
    return out;
}

std::optional<std::uint64_t> tag_number(std::string_view value) {
    if (value.empty() || value.size() > 12) return std::nullopt;
    std::uint64_t number = 0;
    for (char c : value) {
        if (!text::is_digit(c)) return std::nullopt;
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return number;
}

std::vector<std::string_view> colon_list(std::string_view value, std::size_t limit) {
    std::vector<std::string_view> parts;
    while (parts.size() < limit) {
        const std::size_t colon = value.find(':');
        parts.push_back(text::trim(value.substr(0, colon)));
        if (colon == std::string_view::npos) break;
        value.remove_prefix(colon + 1);
    }
    return parts;
}

}  // namespace postrider::mailauth
