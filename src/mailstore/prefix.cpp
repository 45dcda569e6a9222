#include "mailstore/prefix.h"

#include "mailstore/names.h"
#include "mime/description.h"

namespace postrider::mailstore {

bool only_trace_fields(std::string_view prefix) {
    while (!prefix.empty()) {
        const std::size_t end = prefix.find('\n');
        if (end == std::string_view::npos) return false;
        std::string_view line = prefix.substr(0, end);
        prefix.remove_prefix(end + 1);
        if (line.starts_with(' ') || line.starts_with('\t')) continue;  // the rest of the field above
        const std::string_view name = line.substr(0, line.find(':'));
        if (name.size() == line.size()) return false;
        const bool trace = same_keyword(name.substr(0, 2), "X-") || same_keyword(name, "Received")
                           || same_keyword(name, "Return-Path") || same_keyword(name, "Delivered-To")
                           || same_keyword(name, "Authentication-Results")
                           || same_keyword(name, "Received-SPF");
        if (!trace) return false;
    }
    return true;
}

std::string describe_with_prefix(std::string_view prefix, std::string_view payload,
                                 std::string_view of_payload) {
    if (prefix.empty()) return std::string{of_payload};
    if (only_trace_fields(prefix)) {
        if (auto moved = mime::Description::decode(of_payload)) {
            const auto by = static_cast<std::uint32_t>(prefix.size());
            for (std::size_t i = 0; i < moved->parts.size(); ++i) {
                mime::Part& part = moved->parts[i];
                if (i > 0) part.header_begin += by;  // the message itself still begins at 0
                part.body_begin += by;
                part.body_end += by;
            }
            return moved->encode();
        }
    }
    std::string whole;
    whole.reserve(prefix.size() + payload.size());
    whole.append(prefix).append(payload);
    return mime::describe(whole).encode();
}

}  // namespace postrider::mailstore
