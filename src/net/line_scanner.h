#pragma once

#include <optional>

#include "net/stream.h"

namespace postrider::net {

/// Finds the end of a line in octets that arrive in pieces, without looking at any of them twice. Pure; used
/// by every Stream.
class LineScanner {
public:
    /// @param octets  all that is buffered, from the line's first octet on (what `drop` asked for removed)
    /// @return the line, once its end is there. `used` octets belong to it and are to be consumed; without a
    /// line
    ///         they are to be dropped now (the line is already too long), so that a buffer of limit + 2
    ///         suffices.
    std::optional<Line> scan(std::string_view octets, std::size_t limit, std::size_t& used) {
        used = 0;
        const std::size_t lf = octets.find('\n', seen_);
        if (lf == std::string_view::npos) {
            seen_ = octets.size();
            // limit octets and the CR of their CRLF may still become a good line
            if (seen_ > limit + 1) {
                too_long_ = true;
                used = seen_;
                seen_ = 0;
            }
            return std::nullopt;
        }
        used = lf + 1;
        seen_ = 0;
        const bool crlf = lf > 0 && octets[lf - 1] == '\r';
        const std::string_view text = octets.substr(0, crlf ? lf - 1 : lf);
        if (too_long_ || text.size() > limit) {
            too_long_ = false;
            return Line{Line::Kind::too_long, {}};
        }
        return Line{crlf ? Line::Kind::text : Line::Kind::bare_lf, text};
    }

private:
    std::size_t seen_ = 0;
    bool too_long_ = false;
};

}  // namespace postrider::net
