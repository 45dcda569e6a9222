#include "relay/session/bare_report.h"

#include "mime/header.h"
#include "mime/parameters.h"
#include "text/ascii.h"

namespace postrider::relay {
namespace {

/// The next line from `at` on that is the boundary's delimiter (RFC 2046 §5.1.1); npos: none.
std::size_t next_delimiter(std::string_view body, std::string_view delimiter, std::size_t at) {
    for (; (at = body.find(delimiter, at)) != std::string_view::npos; ++at) {
        if (at != 0 && body[at - 1] != '\n') continue;
        std::string_view rest = body.substr(at + delimiter.size());
        rest = rest.substr(0, rest.find('\r'));
        if (rest == "--" || text::trim(rest).empty()) return at;
    }
    return at;
}

}  // namespace

std::optional<std::string> bare_report(std::string_view report) {
    const std::size_t header = mime::header_size(report);
    const auto value = mime::find_field(report.substr(0, header), "Content-Type");
    if (!value) return std::nullopt;
    const auto type = mime::parse_content_type(*value);
    if (!type || !text::equal_ci(type->type, "multipart") || !text::equal_ci(type->subtype, "report"))
        return std::nullopt;
    const std::string boundary = mime::find_parameter(*value, "boundary");
    if (boundary.empty() || boundary.size() > 70) return std::nullopt;
    const std::string delimiter = "--" + boundary;
    const std::string_view body = report.substr(header);
    std::size_t at = next_delimiter(body, delimiter, 0);
    for (int part = 1; part < 3 && at != std::string_view::npos; ++part)
        at = next_delimiter(body, delimiter, at + delimiter.size());
    if (at == std::string_view::npos || body.substr(at + delimiter.size()).starts_with("--"))
        return std::nullopt;
    std::string bare{report.substr(0, header + at)};
    bare.append(delimiter).append("--\r\n");
    return bare;
}

}  // namespace postrider::relay
