#include <fmt/format.h>

#include "settings/value.h"

namespace postrider::settings {

namespace {

std::string words(const Row& row) {
    std::string out;
    for (const Choice& choice : row.field.choices) {
        if (!choice.in_this_build) continue;
        if (!out.empty()) out += ' ';
        out += choice.word;
    }
    return out;
}

std::string number_range(const Row& row) {
    std::int64_t min = row.range.any() ? row.field.lowest : row.range.min;
    std::int64_t max = row.range.any() ? row.field.highest : row.range.max;
    std::string out = max == INT64_MAX ? fmt::format("{} or more", min) : fmt::format("{} to {}", min, max);
    if (row.zero_too) out = "0, " + out;
    if (!row.unit.empty()) out += fmt::format(" {}", row.unit);
    return out;
}

std::string format_text(Format format) {
    switch (format) {
        case Format::any: return "";
        case Format::host_name: return "a host name";
        case Format::ip: return "an IP address";
        case Format::ip_port: return "an IP:port such as 127.0.0.1:25 or [::1]:25";
        case Format::ip_maybe_port: return "an IP address, or an IP:port such as 127.0.0.1:5353";
        case Format::ip_set:
            return "an IP set such as 10.0.0.1-10.0.0.20, 10.0.0.0/255.0.0.0, 10.0.0.0/8 or 10.0.0.1";
        case Format::path: return "a path, or none";
    }
    return "";
}

std::string text_range(const Row& row) {
    std::string out = format_text(row.format);
    if (row.range.any()) return out.empty() ? "any text" : out;
    if (!out.empty()) out += ", ";
    return out
           + (row.range.min == 0 ? fmt::format("at most {} characters", row.range.max)
                                 : fmt::format("{} to {} characters", row.range.min, row.range.max));
}

}  // namespace

std::string allowed_text(const Row& row) {
    switch (row.field.kind) {
        case Kind::boolean: return "yes, no";
        case Kind::number: return number_range(row);
        case Kind::choice: return fmt::format("one of: {}", words(row));
        case Kind::choice_set: return fmt::format("any of: {}", words(row));
        case Kind::text: return text_range(row);
        case Kind::text_list: {
            std::string each = format_text(row.format);
            std::string out = row.range.any() ? "values" : fmt::format("at most {} values", row.range.max);
            return each.empty() ? out : fmt::format("{}, each {}", out, each);
        }
        case Kind::object: return "{ ... }";
        case Kind::object_set:
            return row.range.any() ? "( { ... } ... )"
                                   : fmt::format("( {{ ... }} ... ), at most {} objects", row.range.max);
        case Kind::inlined:
        case Kind::absent: break;
    }
    return "";
}

std::string type_text(const Row& row) {
    switch (row.field.kind) {
        case Kind::boolean: return "yes/no";
        case Kind::number: return "number";
        case Kind::choice: return "choice";
        case Kind::choice_set: return "choice set";
        case Kind::text: return "text";
        case Kind::text_list: return "value set";
        case Kind::object: return "object";
        case Kind::object_set: return "object set";
        case Kind::inlined:
        case Kind::absent: break;
    }
    return "";
}

}  // namespace postrider::settings
