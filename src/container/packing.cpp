#include "container/packing.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/codec.h"

namespace postrider::container {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t min_line = 40;    // characters; shorter lines are text that happens to fit
constexpr std::size_t max_line = 1000;  // RFC 5321 §4.5.3.1.6
constexpr std::size_t min_run = 512;    // characters that are worth a segment
constexpr std::uint32_t invalid = 0xff000000;

/// Character to its 6 bits, already shifted to its place among the four.
struct DecodeTables {
    std::array<std::array<std::uint32_t, 256>, 4> place{};
    constexpr DecodeTables() {
        for (auto& table : place) table.fill(invalid);
        for (std::uint32_t value = 0; value < 64; ++value)
            for (std::uint32_t i = 0; i < 4; ++i)
                place[i][static_cast<unsigned char>(alphabet[value])] = value << (18 - 6 * i);
    }
};
constexpr DecodeTables decode_tables;

/// 12 bits to two characters.
struct EncodeTable {
    std::array<std::array<char, 2>, 4096> pair{};
    constexpr EncodeTable() {
        for (std::size_t value = 0; value < 4096; ++value)
            pair[value] = {alphabet[value >> 6], alphabet[value & 63]};
    }
};
constexpr EncodeTable encode_table;

std::uint32_t decode_quad(const char* in) {
    const auto at = [in](int i) { return static_cast<unsigned char>(in[i]); };
    return decode_tables.place[0][at(0)] | decode_tables.place[1][at(1)] | decode_tables.place[2][at(2)]
           | decode_tables.place[3][at(3)];
}

/// @return false at the first character that is not of the alphabet (padding too)
bool decode_quads(const char* in, std::size_t quads, char* out) {
    std::uint32_t bad = 0;
    for (std::size_t i = 0; i < quads; ++i, in += 4, out += 3) {
        const std::uint32_t bits = decode_quad(in);
        bad |= bits;
        out[0] = static_cast<char>(bits >> 16);
        out[1] = static_cast<char>(bits >> 8);
        out[2] = static_cast<char>(bits);
    }
    return (bad & invalid) == 0;
}

void encode_quads(const char* in, std::size_t quads, char* out) {
    for (std::size_t i = 0; i < quads; ++i, in += 3, out += 4) {
        const std::uint32_t bits = (static_cast<std::uint32_t>(static_cast<unsigned char>(in[0])) << 16)
                                   | (static_cast<std::uint32_t>(static_cast<unsigned char>(in[1])) << 8)
                                   | static_cast<unsigned char>(in[2]);
        std::memcpy(out, encode_table.pair[bits >> 12].data(), 2);
        std::memcpy(out + 2, encode_table.pair[bits & 0xfff].data(), 2);
    }
}

/// The last quad, with its padding. @return bytes written, 0 if it is not canonical
std::size_t decode_last(const char* in, char* out) {
    char quad[4] = {in[0], in[1], in[2], in[3]};
    std::size_t bytes = 3;
    if (quad[3] == '=') quad[3] = 'A', bytes = 2;
    if (bytes == 2 && quad[2] == '=') quad[2] = 'A', bytes = 1;
    const std::uint32_t bits = decode_quad(quad);
    if ((bits & invalid) != 0) return 0;
    if ((bytes == 2 && (bits & 0xff) != 0) || (bytes == 1 && (bits & 0xffff) != 0))
        return 0;  // bits would be lost
    out[0] = static_cast<char>(bits >> 16);
    if (bytes > 1) out[1] = static_cast<char>(bits >> 8);
    if (bytes > 2) out[2] = static_cast<char>(bits);
    return bytes;
}

/// Length of the line at the start of `text` without its CRLF; npos if it does not end in CRLF.
std::size_t line_length(std::string_view text) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos || end == 0 || text[end - 1] != '\r') return std::string_view::npos;
    return end - 1;
}

struct Run {
    std::size_t length = 0;  // characters of payload
    std::size_t quads = 0;   // per line
};

/// Decodes the run of base64 lines at the start of `text` behind `out`. @return length 0 if there is none
Run take_run(std::string_view text, std::string& out) {
    const std::size_t line = line_length(text);
    if (line == std::string_view::npos || line < min_line || line > max_line || line % 4 != 0) return {};
    const std::size_t quads = line / 4;
    const std::size_t before = out.size();
    std::size_t length = 0;  // up to the end of the last good line
    std::size_t position = 0;
    while (position < text.size()) {
        const std::string_view rest = text.substr(position);
        const bool whole = rest.size() >= line + 2 && rest[line] == '\r' && rest[line + 1] == '\n';
        const std::size_t used = out.size();
        if (whole) {
            out.resize(used + 3 * quads);
            if (decode_quads(rest.data(), quads, out.data() + used)) {
                length = position + line;
                position += line + 2;
                continue;
            }
            out.resize(used);
        }
        // Perhaps the last line: shorter, or padded.
        const std::size_t last = whole ? line : std::min(line_length(rest), rest.size());
        if (last > 0 && last <= line && last % 4 == 0) {
            out.resize(used + last / 4 * 3);
            if (decode_quads(rest.data(), last / 4 - 1, out.data() + used)) {
                const std::size_t bytes =
                    decode_last(rest.data() + last - 4, out.data() + used + (last / 4 - 1) * 3);
                if (bytes > 0) {
                    out.resize(used + (last / 4 - 1) * 3 + bytes);
                    length = position + last;
                    break;
                }
            }
            out.resize(used);
        }
        break;
    }
    if (length < min_run) {
        out.resize(before);
        return {};
    }
    return {length, quads};
}

/// Appends at most `limit` - out.size() characters of the run. `decoded` may be cut short at the end (`whole`
/// false).
void put_run(std::string& out, std::string_view decoded, std::size_t quads, bool whole, std::size_t limit) {
    const std::size_t per_line = 3 * quads;
    while (!decoded.empty() && out.size() < limit) {
        const std::string_view line = decoded.substr(0, per_line);
        decoded.remove_prefix(line.size());
        const std::size_t used = out.size();
        const std::size_t full = line.size() / 3;
        out.resize(used + 4 * quads + 2);
        char* at = out.data() + used;
        encode_quads(line.data(), full, at);
        at += 4 * full;
        const std::size_t left = line.size() % 3;
        if (left > 0 && whole) {
            const char tail[3] = {line[3 * full], left > 1 ? line[3 * full + 1] : '\0', '\0'};
            encode_quads(tail, 1, at);
            at[3] = '=';
            if (left == 1) at[2] = '=';
            at += 4;
        }
        if (!decoded.empty()) {
            std::memcpy(at, "\r\n", 2);
            at += 2;
        }
        out.resize(static_cast<std::size_t>(at - out.data()));
    }
    if (out.size() > limit) out.resize(limit);
}

/// Whether it is worth looking for runs: a run would cover two neighbouring probes, and text has a blank in
/// nearly all.
bool may_have_run(std::string_view payload) {
    constexpr std::size_t probe = 16, apart = 240;
    static_assert(2 * apart + probe <= min_run);
    bool before = false;
    for (std::size_t at = 0; at + probe <= payload.size(); at += apart) {
        const bool fits = std::ranges::all_of(payload.substr(at, probe), [](unsigned char c) {
            return decode_tables.place[0][c] != invalid || c == '\r' || c == '\n';
        });
        if (fits && before) return true;
        before = fits;
    }
    return false;
}

}  // namespace

std::optional<std::string> pack(std::string_view payload) {
    if (!may_have_run(payload)) return std::nullopt;
    std::string packed;
    std::string decoded;
    std::size_t literal = 0;  // start of what is not yet packed
    std::size_t position = 0;
    std::size_t equal = 0;  // lines of the same length in a row, ending before `position`
    std::size_t previous = std::string_view::npos;
    std::size_t run_start = 0;
    while (position < payload.size()) {
        const std::string_view rest = payload.substr(position);
        const std::size_t line = line_length(rest);
        if (line == std::string_view::npos) {
            // A bare LF, or the end without one.
            const std::size_t end = rest.find('\n');
            if (end == std::string_view::npos) break;
            position += end + 1;
            previous = std::string_view::npos;
            continue;
        }
        if (line != previous) {
            previous = line;
            equal = 1;
            run_start = position;
            position += line + 2;
            continue;
        }
        position += line + 2;
        // Two lines of one length that base64 can have: rare in text, so trying is cheap.
        if (++equal != 2 || line < min_line || line % 4 != 0) continue;
        decoded.clear();
        const Run run = take_run(payload.substr(run_start), decoded);
        if (run.length == 0) continue;
        if (packed.empty()) packed.reserve(payload.size() - payload.size() / 8);
        put_string(packed, payload.substr(literal, run_start - literal));
        put_varint(packed, decoded.size());
        packed.push_back(static_cast<char>(run.quads));
        packed.append(decoded);
        position = literal = run_start + run.length;
        previous = std::string_view::npos;
    }
    if (packed.empty()) return std::nullopt;
    put_string(packed, payload.substr(literal));
    put_varint(packed, 0);
    if (packed.size() + payload.size() / 16 > payload.size()) return std::nullopt;
    // Nobody can repair a message that does not come back as it was: so it is tried before it counts.
    auto back = unpack(packed, payload.size());
    if (!back || *back != payload) return std::nullopt;
    return packed;
}

std::optional<std::string> unpack(std::string_view packed, std::size_t limit) {
    std::string out;
    out.reserve(limit);
    Decoder in{packed};
    while (!in.at_end() && out.size() < limit) {
        const std::uint64_t length = in.varint();
        if (!in.ok()) break;
        if (length > in.rest().size()) {  // the start of a packed form ends here
            out.append(in.rest().substr(0, limit - out.size()));
            return out;
        }
        out.append(in.take(length).substr(0, limit - out.size()));
        const std::uint64_t decoded = in.varint();
        if (!in.ok() || decoded == 0) continue;
        const auto quads = in.be<std::uint8_t>();
        if (!in.ok()) break;
        if (quads == 0 || decoded > 1u << 30) return std::nullopt;
        const bool whole = decoded <= in.rest().size();
        const std::string_view bytes = in.take(whole ? decoded : in.rest().size());
        put_run(out, bytes, quads, whole, limit);
        if (!whole) return out;
    }
    return out;
}

}  // namespace postrider::container
