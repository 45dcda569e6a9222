#include "imap/wire/cursor.h"

#include "text/ascii.h"

namespace postrider::imap {

bool Cursor::take(std::string_view word) {
    if (!ok() || text_.size() - at_ < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i)
        if (text::upper(text_[at_ + i]) != text::upper(word[i])) return false;
    at_ += word.size();
    return true;
}

bool Cursor::take_word(std::string_view word) {
    std::size_t before = at_;
    if (!take(word)) return false;
    char next = peek();
    if (text::is_alpha(next) || text::is_digit(next) || next == '.' || next == '-') {
        at_ = before;
        return false;
    }
    return true;
}

}  // namespace postrider::imap
