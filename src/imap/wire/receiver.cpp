#include "imap/wire/receiver.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "text/ascii.h"

namespace postrider::imap {
namespace {

struct Announced {
    std::uint64_t size = 0;
    bool synchronising = true;
    bool binary = false;
};

/// literal = "{" number64 ["+"] "}" CRLF, at the end of a line; literal8 with "~" before it.
std::optional<Announced> announced_literal(std::string_view line) {
    if (!line.ends_with('}')) return std::nullopt;
    line.remove_suffix(1);
    Announced found;
    if (line.ends_with('+')) {
        found.synchronising = false;
        line.remove_suffix(1);
    }
    std::size_t digits = 0;
    while (digits < line.size() && digits < 20 && text::is_digit(line[line.size() - 1 - digits])) ++digits;
    if (digits == 0 || digits == line.size() || line[line.size() - 1 - digits] != '{') return std::nullopt;
    for (char c : line.substr(line.size() - digits)) {
        auto digit = static_cast<std::uint64_t>(c - '0');
        if (found.size > (std::uint64_t{INT64_MAX} - digit) / 10)
            found.size = INT64_MAX;  // too large in any case
        else
            found.size = found.size * 10 + digit;
    }
    line.remove_suffix(digits + 1);
    found.binary = line.ends_with('~');
    return found;
}

bool is_append(std::string_view command) {
    std::size_t space = command.find(' ');
    if (space == std::string_view::npos) return false;
    std::string_view verb = command.substr(space + 1);
    return text::starts_with_ci(verb, "APPEND ") || text::starts_with_ci(verb, "REPLACE ")
           || text::starts_with_ci(verb, "UID REPLACE ");
}

constexpr std::size_t longest_announcement = 32;

}  // namespace

Receiver::Fed Receiver::feed(std::string_view octets) {
    std::size_t used = 0;
    while (used < octets.size()) {
        std::string_view rest = octets.substr(used);
        if (state_ != State::line) {
            std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(wanted_, rest.size()));
            if (state_ == State::literal) {
                // RFC 9051 §4.3: NUL is for literal8 alone.
                if (!binary_ && std::memchr(rest.data(), 0, count) != nullptr) refuse(Step::nul);
                buffer_.append(rest.substr(0, count));
            }
            wanted_ -= count;
            used += count;
            if (wanted_ == 0) {
                state_ = State::line;
                line_begin_ = buffer_.size();
            }
            continue;
        }
        std::size_t end = rest.find('\n');
        std::string_view piece = rest.substr(0, end);
        line_octets_ += piece.size();
        // The limit leaves room for the CR, which may arrive apart from its LF.
        if (line_octets_ > limits_.line + 1) refuse(Step::too_long);
        if (refused_ == Step::more) {
            buffer_.append(piece);
        } else {
            tail_.append(piece.substr(piece.size() - std::min(piece.size(), longest_announcement)));
            if (tail_.size() > longest_announcement) tail_.erase(0, tail_.size() - longest_announcement);
        }
        if (end == std::string_view::npos) return {Step::more, octets.size()};
        used += end + 1;
        Step step = end_of_line();
        if (step != Step::more) return {step, used};
    }
    return {Step::more, used};
}

Receiver::Step Receiver::end_of_line() {
    bool kept = refused_ == Step::more;
    std::string& text = kept ? buffer_ : tail_;
    std::size_t begin = kept ? line_begin_ : 0;  // what a literal ends with announces nothing
    if (text.size() > begin && text.ends_with('\r')) text.pop_back();
    std::optional<Announced> literal = announced_literal(std::string_view{text}.substr(begin));
    if (literal) return begin_literal(literal->size, literal->synchronising, literal->binary);
    return refused_ == Step::more ? Step::command : refused_;
}

Receiver::Step Receiver::begin_literal(std::uint64_t size, bool synchronising, bool binary) {
    bool append = limits_.append != 0 && is_append(buffer_);
    std::size_t room = append ? limits_.append : limits_.literals;
    if (++literals_ > (append ? limits_.append_count : limits_.literal_count)
        || size > room - std::min(room, literal_octets_))
        refuse(Step::too_big);
    tail_.clear();
    if (refused_ == Step::more) {
        binary_ = binary;
        literal_octets_ += static_cast<std::size_t>(size);
        line_octets_ += 2;
        buffer_ += "\r\n";
        wanted_ = size;
        state_ = size == 0 ? State::line : State::literal;
        line_begin_ = buffer_.size();
        return synchronising ? Step::go_ahead : Step::more;
    }
    if (synchronising) return refused_;  // the client waits for "+" and gets the refusal instead
    if (size > limits_.skip) return Step::hopeless;
    wanted_ = size;
    state_ = size == 0 ? State::line : State::skip;
    return Step::more;
}

void Receiver::refuse(Step why) {
    if (refused_ != Step::more) return;
    refused_ = why;
    if (state_ != State::line) return;
    std::string_view line = std::string_view{buffer_}.substr(line_begin_);
    tail_ = line.substr(line.size() - std::min(line.size(), longest_announcement));
}

void Receiver::next() {
    constexpr std::size_t worth_keeping = 512;
    if (buffer_.capacity() > worth_keeping) std::string{}.swap(buffer_);
    buffer_.clear();
    std::string{}.swap(tail_);
    state_ = State::line;
    refused_ = Step::more;
    wanted_ = 0;
    line_octets_ = line_begin_ = literal_octets_ = literals_ = 0;
    binary_ = false;
}

}  // namespace postrider::imap
