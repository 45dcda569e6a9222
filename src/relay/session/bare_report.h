#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::relay {

/// A report (multipart/report, RFC 6522) without its third part, which is the message that it is about, or
/// its header. Nothing when it is no such report, or has no third part.
std::optional<std::string> bare_report(std::string_view report);

}  // namespace postrider::relay
