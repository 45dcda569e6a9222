#pragma once

#include <variant>

#include "admin/operation.h"

/// The language of the control socket: one JSON object per line. A request {"operation", "arguments"} is
/// answered with any number of {"progress": {"what", "percent"}} and then one {"result": ...} or {"error":
/// {"kind", "what"}}. Pure.
namespace postrider::admin {

inline constexpr std::size_t max_request_bytes = 1 << 20;  ///< of a line, its end included
inline constexpr int max_request_depth = 8;

struct Request {
    std::string operation;
    Json arguments = Json::object();
};

std::string request_line(const Request& request);
std::expected<Request, Error> parse_request(std::string_view line);

struct ProgressNote {
    std::string what;
    int percent = 0;
};

std::string progress_line(const ProgressNote& note);
std::string answer_line(const Result& result);
/// What a server said; garbage becomes an error of kind `usage`.
std::variant<ProgressNote, Result> parse_answer(std::string_view line);

/// JSON text on one line; octets that are not UTF-8 become U+FFFD.
std::string to_text(const Json& json, int indent = -1);

}  // namespace postrider::admin
