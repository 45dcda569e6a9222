#include "rpop/wire/multiline.h"

namespace postrider::rpop {

void Multiline::store(std::string_view piece) {
    if (text_.size() + piece.size() > limit_)
        too_large_ = true;
    else
        text_.append(piece);
}

std::size_t Multiline::take(std::string_view octets) {
    std::size_t i = 0;
    while (i < octets.size() && !done_ && !too_large_) {
        const char c = octets[i];
        switch (at_) {
            case At::line_start:
                if (c == '.') {
                    at_ = At::dot;
                    ++i;
                } else {
                    at_ = At::text;
                }
                break;
            case At::dot:
                if (c == '\r') {
                    at_ = At::dot_cr;
                    ++i;
                } else if (c == '\n') {
                    done_ = true;
                    ++i;
                } else {
                    at_ = At::text;  // a stuffed dot is dropped
                }
                break;
            case At::dot_cr:
                if (c == '\n') {
                    done_ = true;
                    ++i;
                } else {
                    store("\r\n");  // a stuffed dot and a bare CR
                    at_ = At::text;
                }
                break;
            case At::cr:
                store("\r\n");
                if (c == '\n') {
                    at_ = At::line_start;
                    ++i;
                } else {
                    at_ = At::text;  // a bare CR is a line end for readers, but begins no line that could end
                                     // it
                }
                break;
            case At::text: {
                auto end = octets.find_first_of("\r\n", i);
                if (end == std::string_view::npos) end = octets.size();
                store(octets.substr(i, end - i));
                i = end;
                if (i == octets.size()) break;
                if (octets[i] == '\r') {
                    at_ = At::cr;
                } else {
                    store("\r\n");
                    at_ = At::line_start;
                }
                ++i;
                break;
            }
        }
    }
    return i;
}

}  // namespace postrider::rpop
