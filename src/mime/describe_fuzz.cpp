#include <cstdint>
#include <cstdlib>

#include "mime/binary.h"
#include "mime/description.h"
#include "mime/fetch_syntax.h"
#include "mime/searchable.h"
#include "mime/section.h"

using namespace postrider::mime;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void check_parts(std::string_view message, const std::vector<Part>& parts) {
    require(!parts.empty() && parts[0].body_end == message.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const Part& part = parts[i];
        require(part.header_begin <= part.body_begin && part.body_begin <= part.body_end);
        require(part.body_end <= message.size() && part.lines <= part.body_end - part.body_begin);
        if (i == 0) continue;
        require(part.parent < i);
        const Part& parent = parts[part.parent];
        require(parent.kind != Part::leaf);
        require(part.header_begin >= parent.body_begin && part.body_end <= parent.body_end);
    }
}

/// Every part is found again by the numbers that lead to it.
void check_paths(std::string_view message, const std::vector<Part>& parts) {
    for (std::size_t i = 1; i < parts.size(); ++i) {
        Section section;
        for (std::size_t at = i; at != 0; at = parts[at].parent)
            if (parts[at].number != 0) section.path.insert(section.path.begin(), parts[at].number);
        // Numbers of a message that is no multipart are 1 on the way; those are left to the unit tests.
        bool plain = true;
        for (std::size_t at = i; at != 0; at = parts[at].parent) plain = plain && parts[at].number != 0;
        if (!plain) continue;
        auto range = find_section(parts, section);
        require(range && *range == Range{parts[i].body_begin, parts[i].body_end});
        require(read_binary(message, parts, section.path).has_value() || parts[i].kind == Part::leaf);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view message{reinterpret_cast<const char*>(data), size};
    DescribeLimits limits{.max_depth = 8, .max_parts = 40, .max_header_bytes = 4096};
    Description description = describe(message, limits);
    check_parts(message, description.parts);
    check_paths(message, description.parts);
    require(FetchSyntax::envelope(description.envelope));
    require(FetchSyntax::body(description.body, false));
    require(FetchSyntax::body(description.body_structure, true));
    require(description.preview.size() <= 256);
    // What is made of binary parts is as well-formed, and no part's content changes.
    const std::string encoded = encode_binary(message);
    const Description after = describe(encoded);
    for (const Part& part : after.parts)
        require(part.kind != Part::leaf || part.encoding != "binary" || part.type.starts_with("multipart/")
                || part.type.starts_with("message/")
                || !needs_binary(
                    std::string_view{encoded}.substr(part.body_begin, part.body_end - part.body_begin)));
    if (encoded == message) require(encode_binary(encoded) == encoded);
    std::string record = description.encode();
    auto again = Description::decode(record);
    require(again && again->encode() == record);
    each_text(message, description.parts, [](std::string_view) { return true; },
              {.max_part = 4096, .max_total = 8192});
    Description::decode(message);
    Listing::decode(message);
    return 0;
}
