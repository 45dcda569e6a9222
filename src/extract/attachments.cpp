#include "extract/attachments.h"

#include "mime/header.h"
#include "mime/parameters.h"
#include "mime/preview.h"
#include "text/utf8.h"

namespace postrider::extract {
namespace {

std::string file_name(std::string_view header) {
    std::string name =
        mime::find_parameter(mime::find_field(header, "Content-Disposition").value_or(""), "filename");
    return name.empty() ? mime::find_parameter(mime::find_field(header, "Content-Type").value_or(""), "name")
                        : name;
}

}  // namespace

std::string attachment_texts(std::string_view message, const std::vector<mime::Part>& parts,
                             const ReadDocument& read, const AttachmentLimits& limits) {
    std::string all;
    std::size_t documents = 0;
    for (const mime::Part& part : parts) {
        if (part.kind != mime::Part::leaf || !part.type.starts_with("application/")) continue;
        if (part.body_end > message.size() || part.body_begin > part.body_end
            || part.header_begin > part.body_begin)
            continue;
        const auto format = format_of(
            part.type, file_name(message.substr(part.header_begin, part.body_begin - part.header_begin)));
        if (!format) continue;
        const std::string_view body = message.substr(part.body_begin, part.body_end - part.body_begin);
        const std::string bytes = mime::decode_content(body, part.encoding, limits.size + 1);
        if (bytes.empty() || bytes.size() > limits.size) continue;
        if (++documents > limits.documents || all.size() >= limits.text) break;
        all += text::repair_utf8(text::truncate_utf8(read(bytes, *format), limits.text - all.size()));
        if (!all.empty() && all.back() != '\n') all += '\n';
    }
    return all;
}

}  // namespace postrider::extract
