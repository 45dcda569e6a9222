#include "filter/milter/wire/packet.h"

#include "base/codec.h"

namespace postrider::filter::milter {

Unpacked unpack(std::string_view octets, std::size_t limit) {
    Unpacked out;
    if (octets.size() < 4) return out;
    Decoder in{octets};
    const auto length = in.be<std::uint32_t>();
    if (length == 0 || length > limit) {
        out.state = Unpacked::State::nonsense;
        return out;
    }
    if (in.rest().size() < length) return out;
    out.state = Unpacked::State::packet;
    out.packet = {in.rest().front(), in.rest().substr(1, length - 1)};
    out.size = std::size_t{length} + 4;
    return out;
}

void pack(std::string& out, char what, std::initializer_list<std::string_view> data) {
    std::size_t length = 1;
    for (const std::string_view piece : data) length += piece.size();
    put_be(out, static_cast<std::uint32_t>(length));
    out += what;
    for (const std::string_view piece : data) out += piece;
}

bool split_texts(std::string_view data, std::vector<std::string_view>& into, std::size_t limit) {
    into.clear();
    while (!data.empty()) {
        const std::size_t end = data.find('\0');
        if (end == std::string_view::npos || into.size() == limit) return false;
        into.push_back(data.substr(0, end));
        data.remove_prefix(end + 1);
    }
    return true;
}

}  // namespace postrider::filter::milter
