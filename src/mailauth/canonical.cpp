#include "mailauth/canonical.h"

#include "text/ascii.h"

namespace postrider::mailauth {
namespace {

std::uint32_t name_hash(std::string_view name) {
    std::uint32_t hash = 2166136261u;
    for (char c : name) hash = (hash ^ static_cast<unsigned char>(text::lower(c))) * 16777619u;
    return hash;
}

/// Unfolds, makes one SP of each run of white space, and none of those at both ends.
void append_relaxed_value(std::string& out, std::string_view value) {
    value = text::trim(value);
    bool space = false;
    for (std::size_t at = 0; at < value.size(); ++at) {
        const char c = value[at];
        if (c == '\r' && at + 1 < value.size() && value[at + 1] == '\n') {
            ++at;
            continue;
        }
        if (text::is_blank(c)) {
            space = true;
            continue;
        }
        if (space) out += ' ';
        space = false;
        out += c;
    }
}

void append_name(std::string& out, std::string_view name) {
    while (!name.empty() && text::is_blank(name.back())) name.remove_suffix(1);
    for (char c : name) out += text::lower(c);
    out += ':';
}

/// Where the value of b= begins and ends; npos when there is none.
std::pair<std::size_t, std::size_t> signature_range(std::string_view field) {
    std::size_t at = field.find(':');
    if (at == std::string_view::npos) return {at, at};
    for (++at; at < field.size();) {
        std::size_t end = std::min(field.find(';', at), field.size());
        std::size_t begin = at;
        while (begin < end && text::is_space(field[begin])) ++begin;
        if (begin < end && field[begin] == 'b') {
            ++begin;
            while (begin < end && text::is_space(field[begin])) ++begin;
            if (begin < end && field[begin] == '=') return {begin + 1, end};
        }
        at = end + 1;
    }
    return {std::string_view::npos, std::string_view::npos};
}

}  // namespace

void append_canonical(std::string& out, std::string_view field, Canon canon) {
    if (canon == Canon::simple) {
        out += field;
        if (!field.ends_with("\n")) out += "\r\n";  // a header that ends without its empty line
        return;
    }
    const std::size_t colon = field.find(':');
    append_name(out, field.substr(0, colon));
    if (colon != std::string_view::npos) append_relaxed_value(out, field.substr(colon + 1));
    out += "\r\n";
}

void append_unsigned(std::string& out, std::string_view field, Canon canon) {
    auto [begin, end] = signature_range(field);
    std::string stripped;
    if (begin != std::string_view::npos) {
        stripped.append(field.substr(0, begin));
        stripped.append(field.substr(end));
        if (end == field.size()) stripped += "\r\n";  // the line end was taken for part of the value
        field = stripped;
    }
    append_canonical(out, field, canon);
    if (out.ends_with("\r\n"))
        out.resize(out.size() - 2);
    else if (out.ends_with('\n'))
        out.pop_back();
}

FieldIndex::FieldIndex(std::string_view block) {
    mime::HeaderReader reader{block};
    fields_.reserve(32);
    for (mime::Field field; reader.next(field);) {
        if (field.name.empty()) continue;
        if (fields_.size() == max_fields) {
            overflowed_ = true;
            break;
        }
        fields_.push_back(field);
        hashes_.push_back(name_hash(field.name));
    }
}

void FieldIndex::append_selected(std::string& out, const std::vector<std::string_view>& names,
                                 Canon canon) const {
    std::vector<bool> taken(fields_.size());
    for (std::string_view name : names) {
        const std::uint32_t hash = name_hash(name);
        for (std::size_t at = fields_.size(); at-- > 0;) {
            if (hashes_[at] != hash || taken[at] || !text::equal_ci(fields_[at].name, name)) continue;
            taken[at] = true;
            append_canonical(out, fields_[at].bytes, canon);
            break;
        }
    }
}

}  // namespace postrider::mailauth
