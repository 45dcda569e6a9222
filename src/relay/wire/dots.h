#pragma once

#include <cstring>
#include <string_view>

namespace postrider::relay {

/// The octets that DATA sends for a message, in pieces that are views into it: nothing is copied. A line that
/// begins with a dot gets another one (RFC 5321 §4.5.2) because its first dot ends one piece and begins the
/// next. A bare LF counts as the end of a line too, so that no reader can be led to see the end of data
/// early.
class DotStuffer {
public:
    explicit DotStuffer(std::string_view message) : rest_{message} {}

    /// The next piece, never empty; "" at the end.
    std::string_view next() {
        std::size_t from = 0;
        if (at_line_start_ && !rest_.empty() && rest_.front() == '.') {
            at_line_start_ = false;
            return rest_.substr(0, 1);  // and it stays in rest_
        }
        at_line_start_ = false;
        while (true) {
            const void* found =
                from < rest_.size() ? std::memchr(rest_.data() + from, '.', rest_.size() - from) : nullptr;
            if (!found) return give(rest_.size(), rest_.size());
            const auto dot = static_cast<std::size_t>(static_cast<const char*>(found) - rest_.data());
            if (dot > 0 && rest_[dot - 1] == '\n') return give(dot + 1, dot);
            from = dot + 1;
        }
    }

    /// What ends the data after the last piece.
    static std::string_view end(std::string_view message) {
        return message.ends_with("\r\n") || message.empty() ? ".\r\n" : "\r\n.\r\n";
    }

private:
    std::string_view give(std::size_t size, std::size_t move_on) {
        const std::string_view piece = rest_.substr(0, size);
        rest_.remove_prefix(move_on);
        return piece;
    }

    std::string_view rest_;
    bool at_line_start_ = true;
};

}  // namespace postrider::relay
