#include "smtp/wire/data_receiver.h"

#include <cstring>

#include "smtp/wire/plain_lines.h"

namespace postrider::smtp {

void DataReceiver::store(std::string_view text) {
    received_ += text.size();
    if (received_ > limit_) discard();
    if (!too_large_) into_.append(text);
}

void DataReceiver::discard() {
    if (too_large_) return;
    too_large_ = true;
    into_.resize(start_);
    into_.shrink_to_fit();
}

void DataReceiver::odd_newline() {
    bare_ = true;
    store("\r\n");
    at_ = At::line_start_odd;
}

std::size_t DataReceiver::take(std::string_view octets) {
    const char* const begin = octets.data();
    const char* const end = begin + octets.size();
    const char* p = begin;
    while (p != end && !done_) {
        switch (at_) {
            case At::line_start:
                if (*p == '.') {
                    at_ = At::dot;
                    ++p;
                    break;
                }
                at_ = At::text;
                break;
            case At::line_start_odd: at_ = At::text; break;
            case At::dot:
                if (*p == '\r') {
                    at_ = At::dot_cr;
                    ++p;
                } else {
                    at_ = At::text;  // the stuffed dot is dropped, what follows is the line (RFC 5321 §4.5.2)
                }
                break;
            case At::dot_cr:
                if (*p == '\n') {
                    done_ = true;
                    ++p;
                } else {
                    at_ = At::cr;  // "." CR something: the dot was stuffed, the CR is bare
                }
                break;
            case At::cr:
                if (*p == '\n') {
                    store("\r\n");
                    at_ = At::line_start;
                    ++p;
                } else {
                    odd_newline();
                }
                break;
            case At::text: {
                // Nearly all there is are whole lines with nothing odd about them: one piece.
                if (const std::size_t plain = plain_lines({p, end}); plain > 0) {
                    store({p, plain});
                    p += plain;
                    at_ = At::line_start;
                    break;
                }
                // The run up to the next line end.
                auto* lf = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p)));
                const char* stop = lf ? lf : end;
                auto* cr = static_cast<const char*>(std::memchr(p, '\r', static_cast<std::size_t>(stop - p)));
                if (!cr) {
                    store({p, stop});
                    p = stop;
                    if (lf) {
                        odd_newline();
                        ++p;
                    }
                } else if (lf && cr + 1 == lf) {
                    store({p, lf + 1});
                    p = lf + 1;
                    at_ = At::line_start;
                } else {
                    store({p, cr});
                    p = cr + 1;
                    at_ = At::cr;
                }
                break;
            }
        }
    }
    return static_cast<std::size_t>(p - begin);
}

bool normalize_newlines(std::string& text, std::size_t from) {
    auto bare_at = [&](std::size_t i) {
        if (text[i] == '\n') return i == from || text[i - 1] != '\r';
        return text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n');
    };
    auto first = text.find_first_of("\r\n", from);
    while (first != std::string::npos && !bare_at(first)) first = text.find_first_of("\r\n", first + 1);
    if (first == std::string::npos) return false;
    std::string out = text.substr(0, first);
    for (std::size_t i = first; i < text.size(); ++i) {
        if ((text[i] == '\r' || text[i] == '\n') && bare_at(i))
            out += "\r\n";
        else
            out.push_back(text[i]);
    }
    text = std::move(out);
    return true;
}

}  // namespace postrider::smtp
