#include "rpop/session/line.h"

#include "rpop/session/errors.h"

namespace postrider::rpop {

net::Task<std::string> read_line(net::Stream& peer, std::size_t limit) {
    std::size_t seen = 0;
    while (true) {
        std::string_view there = peer.buffered();
        auto end = there.find('\n', seen);
        if (end != std::string_view::npos && end <= limit) {
            std::string line{there.substr(0, end)};
            if (line.ends_with('\r')) line.pop_back();
            peer.consume(end + 1);
            co_return line;
        }
        if (there.size() > limit || end != std::string_view::npos)
            throw Failed{"the server sends lines without an end"};
        seen = there.size();
        co_await peer.fill(limit + 1);
    }
}

}  // namespace postrider::rpop
