#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/codec.h"
#include "index/fields.h"

/// The documents that have a term, ascending, each with the fields it stands in. For each: a varint, twice
/// the distance from the document before less one (from -1 at first), plus 1 when other fields than the body
/// alone follow as an octet.
namespace postrider::index {

inline void put_posting(std::string& out, std::uint32_t& next, std::uint32_t document, Fields fields) {
    const std::uint64_t distance = document - next;
    put_varint(out, distance << 1 | (fields != Field::body));
    if (fields != Field::body) out.push_back(static_cast<char>(fields));
    next = document + 1;
}

/// Calls visit(document, fields) until it gives false. Damage ends the list.
template <class Visit>
void each_posting(std::string_view bytes, Visit&& visit) {
    const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
    const auto* const end = at + bytes.size();
    std::uint64_t next = 0;
    while (at < end) {
        std::uint64_t value = *at++;
        if (value >= 0x80) {
            value &= 0x7f;
            for (int shift = 7; shift < 42; shift += 7) {
                if (at == end) return;
                const std::uint64_t bits = *at++;
                value |= (bits & 0x7f) << shift;
                if (bits < 0x80) break;
            }
        }
        Fields fields = Field::body;
        if (value & 1) {
            if (at == end) return;
            fields = *at++;
        }
        next += value >> 1;
        if (next > 0xffffffffu) return;
        if (!visit(static_cast<std::uint32_t>(next), fields)) return;
        ++next;
    }
}

}  // namespace postrider::index
