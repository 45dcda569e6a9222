#include "extract/tnef.h"

#include <algorithm>

#include "mime/preview.h"
#include "text/charset.h"
#include "text/utf8.h"

namespace postrider::extract {
namespace {

/// Octets in little-endian order, bounded; the first failure stays.
class Bytes {
public:
    explicit Bytes(std::string_view all) : rest_{all} {}
    bool ok() const { return ok_; }
    bool at_end() const { return rest_.empty() || !ok_; }
    std::string_view take(std::size_t count) {
        if (count > rest_.size()) {
            ok_ = false;
            rest_ = {};
            return {};
        }
        const std::string_view taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }
    std::uint32_t number(std::size_t octets) {
        const std::string_view taken = take(octets);
        std::uint32_t value = 0;
        for (std::size_t i = taken.size(); i-- > 0;)
            value = value << 8 | static_cast<unsigned char>(taken[i]);
        return value;
    }
    /// A value that is filled up to a multiple of four octets.
    std::string_view padded(std::size_t count) {
        const std::string_view taken = take(count);
        (void)take(std::min(rest_.size(), (4 - count % 4) % 4));
        return taken;
    }

private:
    std::string_view rest_;
    bool ok_ = true;
};

std::string_view until_nul(std::string_view text) {
    return text.substr(0, text.find('\0'));
}

std::string from_utf16(std::string_view bytes) {
    std::string out;
    std::uint32_t high = 0;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        const std::uint32_t unit = static_cast<unsigned char>(bytes[i])
                                   | static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + 1]))
                                         << 8;
        if (unit == 0) break;
        if (unit >= 0xD800 && unit < 0xDC00) {
            high = unit;
        } else if (unit >= 0xDC00 && unit < 0xE000) {
            text::append_utf8(out, high == 0 ? 0xFFFD : 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00));
            high = 0;
        } else {
            text::append_utf8(out, unit);
        }
    }
    return out;
}

constexpr std::uint16_t string8 = 0x1E, unicode = 0x1F, object = 0x0D, binary = 0x102, several = 0x1000;

/// Octets of a value of that type, 0 for those that say their length.
std::size_t fixed_size(std::uint16_t type) {
    switch (type) {
        case 0x02:
        case 0x03:
        case 0x04:
        case 0x0A:
        case 0x0B: return 4;
        case 0x05:
        case 0x06:
        case 0x07:
        case 0x14:
        case 0x40: return 8;
        case 0x48: return 16;
        default: return 0;
    }
}

/// Walks through MAPI properties (MS-OXTNEF §2.1.3.4): `each(id, type, value)` for the first value of each.
template <class Each>
void each_property(std::string_view data, const Each& each) {
    Bytes in{data};
    for (std::uint32_t count = in.number(4); count > 0 && in.ok(); --count) {
        const auto type = static_cast<std::uint16_t>(in.number(2));
        const auto id = static_cast<std::uint16_t>(in.number(2));
        if (id >= 0x8000) {  // named: by a number or a text
            (void)in.take(16);
            if (in.number(4) == 0)
                (void)in.take(4);
            else
                (void)in.padded(in.number(4));
        }
        const auto plain = static_cast<std::uint16_t>(type & ~several);
        const std::size_t size = fixed_size(plain);
        const bool counted = size == 0 || (type & several) != 0;
        if (size == 0 && plain != string8 && plain != unicode && plain != object && plain != binary)
            return;  // how long it is cannot be known
        const std::uint32_t values = counted ? in.number(4) : 1;
        for (std::uint32_t i = 0; i < values && in.ok(); ++i) {
            const std::string_view value = size != 0 ? in.take(size) : in.padded(in.number(4));
            if (i == 0 && in.ok()) each(id, plain, value);
        }
    }
}

class Reader {
public:
    explicit Reader(std::size_t limit) : limit_{limit} {}

    void attribute(std::uint32_t id, std::string_view data) {
        switch (id) {
            case 0x00069007: {  // attOemCodepage
                Bytes in{data};
                const std::uint32_t page = in.number(4);
                if (in.ok() && page > 0 && page < 100'000)
                    code_page_ = page == 65001 ? "utf-8" : "windows-" + std::to_string(page);
                break;
            }
            case 0x0002800C: plain_ = narrow(data); break;  // attBody
            case 0x00069003:                                // attMsgProps
                each_property(data, [&](auto what, auto type, auto value) { message(what, type, value); });
                break;
            case 0x00069002:  // attAttachRendData: another attachment begins
                if (out_.files.size() < max_tnef_files) out_.files.emplace_back();
                break;
            case 0x00018010:  // attAttachTitle
                if (!out_.files.empty() && out_.files.back().name.empty())
                    out_.files.back().name = narrow(data);
                break;
            case 0x0006800F:  // attAttachData
                if (!out_.files.empty()) out_.files.back().data = data;
                break;
            case 0x00069005:  // attAttachment
                if (!out_.files.empty())
                    each_property(data, [&](auto what, auto type, auto value) {
                        if (what == 0x3707) out_.files.back().name = text_of(type, value);
                    });
                break;
            default: break;
        }
    }

    Tnef done() {
        if (!plain_.empty())
            out_.body = std::move(plain_);
        else if (!html_.empty())
            out_.body = mime::html_to_text(html_, limit_);
        else
            out_.body = rtf_text(rtf_, limit_);
        out_.body = std::string{text::truncate_utf8(out_.body, limit_)};
        return std::move(out_);
    }

private:
    std::string narrow(std::string_view bytes) const {
        return text::to_utf8(until_nul(bytes).substr(0, limit_), code_page_);
    }
    std::string text_of(std::uint16_t type, std::string_view value) const {
        return type == unicode ? from_utf16(value.substr(0, 2 * limit_)) : narrow(value);
    }
    void message(std::uint16_t id, std::uint16_t type, std::string_view value) {
        if (id == 0x1000 && plain_.empty()) plain_ = text_of(type, value);  // PidTagBody
        if (id == 0x1013)                                                   // PidTagHtml
            html_ = type == unicode ? text_of(type, value) : narrow(value);
        if (id == 0x1009) rtf_ = unpack_rtf(value, 8 * limit_);  // PidTagRtfCompressed
    }

    std::size_t limit_;
    std::string code_page_ = "windows-1252", plain_, html_, rtf_;
    Tnef out_;
};

}  // namespace

/// TNEF = signature key *( level id length data checksum ). MS-OXTNEF §2.1.1. Checksums are not held to: many
/// writers get them wrong.
std::optional<Tnef> read_tnef(std::string_view bytes, std::size_t limit) {
    constexpr std::uint32_t signature = 0x223E9F78;
    Bytes in{bytes};
    if (in.number(4) != signature) return std::nullopt;
    (void)in.number(2);
    if (!in.ok()) return std::nullopt;
    Reader reader{limit};
    while (!in.at_end()) {
        (void)in.number(1);
        const std::uint32_t id = in.number(4);
        const std::string_view data = in.take(in.number(4));
        if (!in.ok()) break;
        reader.attribute(id, data);
        (void)in.number(2);
    }
    return reader.done();
}

}  // namespace postrider::extract
