#include "filter/scan/connector.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/ascii.h"

namespace postrider::filter {

std::chrono::milliseconds time_for(const Subject& subject, std::chrono::milliseconds whole) {
    using std::chrono::milliseconds;
    if (!subject.until) return whole;
    const auto left = *subject.until - std::chrono::steady_clock::now();
    return std::clamp(std::chrono::duration_cast<milliseconds>(left), milliseconds{1},
                      std::max(whole, milliseconds{1}));
}

Maybe<Finding> unless_cut(Maybe<Finding> finding, Socket::Sent sent) {
    if (sent == Socket::Sent::cut && finding && finding->kind != Finding::Kind::match)
        return std::unexpected(Trouble{Trouble::Kind::nonsense,
                                       "it has judged before it had the whole message: " + finding->text});
    return finding;
}

std::string show(QueueId id) {
    return fmt::format("{:06X}", id.value());
}

std::string one_line(std::string_view text, std::size_t limit) {
    std::string line{text.substr(0, limit)};
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    return std::string{text::trim(line)};
}

}  // namespace postrider::filter
