#include "mime/header.h"

#include <cstring>

#include "text/ascii.h"

namespace postrider::mime {
namespace {

std::size_t behind_line(std::string_view block, std::size_t at) {
    const void* lf = std::memchr(block.data() + at, '\n', block.size() - at);
    return lf == nullptr ? block.size()
                         : static_cast<std::size_t>(static_cast<const char*>(lf) - block.data()) + 1;
}

bool empty_line(std::string_view block, std::size_t at) {
    return block[at] == '\n' || (block[at] == '\r' && at + 1 < block.size() && block[at + 1] == '\n');
}

std::string_view without_line_end(std::string_view line) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

}  // namespace

bool HeaderReader::next(Field& field) {
    if (at_ >= block_.size() || empty_line(block_, at_)) return false;
    std::size_t end = behind_line(block_, at_);
    while (end < block_.size() && text::is_blank(block_[end])) end = behind_line(block_, end);
    field.bytes = block_.substr(at_, end - at_);
    at_ = end;
    field.name = {};
    field.value = without_line_end(field.bytes);
    std::size_t colon = field.value.find(':');
    if (colon == std::string_view::npos) return true;
    std::string_view name = field.value.substr(0, colon);
    while (!name.empty() && text::is_blank(name.back())) name.remove_suffix(1);  // RFC 5322 §4.5
    for (char c : name)
        if (c <= ' ' && c >= 0) return true;  // a blank within: an mbox "From " line or plain text
    field.name = name;
    field.value.remove_prefix(colon + 1);
    return true;
}

std::size_t header_size(std::string_view message) {
    for (std::size_t at = 0; at < message.size(); at = behind_line(message, at))
        if (empty_line(message, at)) return behind_line(message, at);
    return message.size();
}

std::string_view unfold(std::string_view raw, std::string& scratch) {
    raw = text::trim(raw);
    if (raw.find_first_of("\r\n") == std::string_view::npos) return raw;
    scratch.clear();
    for (char c : raw)
        if (c != '\r' && c != '\n') scratch += c;
    return scratch;
}

std::string unfold(std::string_view raw) {
    std::string scratch;
    return std::string{unfold(raw, scratch)};
}

std::optional<std::string_view> find_field(std::string_view block, std::string_view name) {
    HeaderReader reader{block};
    for (Field field; reader.next(field);)
        if (text::equal_ci(field.name, name)) return field.value;
    return std::nullopt;
}

std::vector<std::string_view> find_fields(std::string_view block, std::string_view name, std::size_t limit) {
    std::vector<std::string_view> values;
    HeaderReader reader{block};
    for (Field field; values.size() < limit && reader.next(field);)
        if (text::equal_ci(field.name, name)) values.push_back(field.value);
    return values;
}

}  // namespace postrider::mime
