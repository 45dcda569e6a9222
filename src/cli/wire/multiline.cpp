#include "cli/wire/multiline.h"

namespace postrider::cli {

bool Multiline::line(std::string_view text) {
    if (text == end_) return true;
    if (text.starts_with('.')) text.remove_prefix(1);
    if (text_.size() + text.size() + 2 > max_octets) {
        too_large_ = true;
        text_.clear();
        text_.shrink_to_fit();
    }
    if (!too_large_) text_.append(text).append("\r\n");
    return false;
}

}  // namespace postrider::cli
