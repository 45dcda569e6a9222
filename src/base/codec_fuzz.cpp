#include <cstdint>
#include <cstdlib>

#include "base/codec.h"

using namespace postrider;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void require_inside(std::string_view part, std::string_view whole) {
    require(part.empty()
            || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size()));
}

template <class T>
void fixed_width(Decoder& in) {
    const std::string_view before = in.rest();
    const T value = in.be<T>();
    if (!in.ok()) return require(value == 0 && before.size() < sizeof(T));
    std::string again;
    put_be(again, value);
    require(again == before.substr(0, sizeof(T)));
}

void varint(Decoder& in) {
    const std::uint64_t value = in.varint();
    if (!in.ok()) return require(value == 0);
    std::string again;
    put_varint(again, value);
    require(again.size() <= 10);
    Decoder second{again};
    require(second.varint() == value && second.ok() && second.at_end());
}

}  // namespace

/// Whatever is read in whatever order, nothing reaches outside of the bytes, and a failure stays one. The
/// first sixteen octets say what is read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 16) return 0;
    const std::string_view bytes{reinterpret_cast<const char*>(data) + 16, size - 16};
    Decoder in{bytes};
    for (std::size_t i = 0; i < 16; ++i) {
        const bool was_ok = in.ok();
        const std::size_t before = in.rest().size();
        switch (data[i] % 7) {
            case 0: fixed_width<std::uint8_t>(in); break;
            case 1: fixed_width<std::uint16_t>(in); break;
            case 2: fixed_width<std::uint32_t>(in); break;
            case 3: fixed_width<std::uint64_t>(in); break;
            case 4: varint(in); break;
            case 5: {
                const std::string_view text = in.string();
                require_inside(text, bytes);
                std::string again;
                put_string(again, text);
                if (in.ok()) require(Decoder{again}.string() == text);
                break;
            }
            case 6: require(in.take(data[i]).size() == (in.ok() ? data[i] : 0)); break;
        }
        require(was_ok || (!in.ok() && in.at_end()));
        require(in.rest().size() <= before);
        require_inside(in.rest(), bytes);
    }
    return 0;
}
