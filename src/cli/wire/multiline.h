#pragma once

#include <string>
#include <string_view>

namespace postrider::cli {

/// What is sent in several lines (ESET, UPLOAD), dot-stuffed as in SMTP (RFC 5321 §4.5.2) and ended by a line
/// that holds the end sequence. One line at a time, without its line end.
class Multiline {
public:
    static constexpr std::size_t max_octets = 1 << 20;  ///< of the whole text; more is read and thrown away
    static constexpr std::size_t max_end = 64;          ///< of the end sequence

    explicit Multiline(std::string end) : end_{std::move(end)} {}

    /// @return whether that was the end
    bool line(std::string_view text);
    bool too_large() const { return too_large_; }
    /// Lines ended with CRLF.
    std::string take() { return std::move(text_); }

private:
    std::string end_;
    std::string text_;
    bool too_large_ = false;
};

}  // namespace postrider::cli
