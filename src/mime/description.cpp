#include "mime/description.h"

#include <algorithm>

#include "base/codec.h"

namespace postrider::mime {
namespace {

constexpr unsigned char version = 2;  ///< 1 had no references and no flag of replies
enum Bits : std::uint8_t { attachment_bit = 1, reply_bit = 2 };

/// Types and encodings that nearly every part has go into the record as one octet, their place in this list
/// plus one; the list only grows at its end.
constexpr std::string_view usual[] = {
    "text/plain",     "text/html", "multipart/mixed",  "multipart/alternative",
    "message/rfc822", "7bit",      "quoted-printable", "base64",
    "8bit",           "binary",    "multipart/related"};

void put_usual(std::string& out, std::string_view text) {
    for (std::size_t i = 0; i < std::size(usual); ++i) {
        if (usual[i] != text) continue;
        put_varint(out, i + 1);
        return;
    }
    put_varint(out, 0);
    put_string(out, text);
}

std::string_view get_usual(Decoder& in) {
    std::uint64_t index = in.varint();
    if (index == 0) return in.string();
    return index <= std::size(usual) ? usual[index - 1] : std::string_view{};
}

std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

/// Offsets as distances from the part's own start, which keeps them small.
void put_part(std::string& out, const Part& part) {
    put_varint(out, part.header_begin);
    put_varint(out, part.body_begin - part.header_begin);
    put_varint(out, part.body_end - part.body_begin);
    put_varint(out, part.lines);
    put_varint(out, part.parent);
    put_varint(out, part.number);
    put_varint(out, part.kind);
    put_usual(out, part.type);
    put_usual(out, part.encoding);
}

Part get_part(Decoder& in) {
    Part part;
    part.header_begin = static_cast<std::uint32_t>(in.varint());
    part.body_begin = part.header_begin + static_cast<std::uint32_t>(in.varint());
    part.body_end = part.body_begin + static_cast<std::uint32_t>(in.varint());
    part.lines = static_cast<std::uint32_t>(in.varint());
    part.parent = static_cast<std::uint16_t>(in.varint());
    part.number = static_cast<std::uint16_t>(in.varint());
    part.kind = static_cast<std::uint8_t>(in.varint());
    part.type = get_usual(in);
    part.encoding = get_usual(in);
    return part;
}

/// 0 when this is no record that we can read.
unsigned read_version(Decoder& in) {
    unsigned found = in.be<std::uint8_t>();
    return in.ok() && found <= version ? found : 0;
}

}  // namespace

std::string Description::encode() const {
    std::string out;
    out.reserve(envelope.size() + body_structure.size() + body.size() + preview.size() + message_id.size()
                + base_subject.size() + 64 + 32 * parts.size() + 8 * references.size());
    put_be(out, references_known ? version : std::uint8_t{1});
    put_string(out, envelope);
    put_string(out, body_structure);
    put_string(out, body);
    put_varint(out, parts.size());
    for (const Part& part : parts) put_part(out, part);
    put_string(out, preview);
    put_string(out, message_id);
    put_string(out, base_subject);
    put_be(out, thread_key);
    put_varint(out, zigzag(sent));
    if (!references_known) {  // it stays a record of its time
        put_be(out, static_cast<std::uint8_t>(has_attachment));
        return out;
    }
    put_be(out, static_cast<std::uint8_t>((has_attachment ? attachment_bit : 0) | (reply ? reply_bit : 0)));
    put_varint(out, references.size());
    for (std::uint64_t key : references) put_be(out, key);
    return out;
}

std::optional<Description> Description::decode(std::string_view record) {
    Decoder in{record};
    const unsigned of = read_version(in);
    if (of == 0) return std::nullopt;
    Description out;
    out.envelope = in.string();
    out.body_structure = in.string();
    out.body = in.string();
    std::uint64_t count = in.varint();
    if (count > record.size() / 9) return std::nullopt;  // a part takes at least nine octets
    out.parts.reserve(count);
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        Part part = get_part(in);
        // The root is its own parent; every other part comes behind its parent, and no part ends before it
        // begins.
        if (part.parent > i || (i > 0 && part.parent == i) || part.body_begin < part.header_begin
            || part.body_end < part.body_begin || part.kind > Part::message)
            return std::nullopt;
        out.parts.push_back(std::move(part));
    }
    out.preview = in.string();
    out.message_id = in.string();
    out.base_subject = in.string();
    out.thread_key = in.be<std::uint64_t>();
    out.sent = unzigzag(in.varint());
    const unsigned bits = in.be<std::uint8_t>();
    out.has_attachment = bits & attachment_bit;
    out.references_known = of >= 2;
    if (out.references_known) {
        out.reply = bits & reply_bit;
        std::uint64_t known = in.varint();
        if (known > max_references) return std::nullopt;
        for (std::uint64_t i = 0; i < known; ++i) out.references.push_back(in.be<std::uint64_t>());
    }
    if (!in.ok() || !in.at_end() || out.parts.empty()) return std::nullopt;
    return out;
}

std::optional<Summary> Summary::decode(std::string_view record) {
    Decoder in{record};
    const unsigned of = read_version(in);
    if (of == 0) return std::nullopt;
    Summary out;
    out.envelope = in.string();
    (void)in.string();
    (void)in.string();
    std::uint64_t count = in.varint();
    if (count > record.size() / 9) return std::nullopt;
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        for (int number = 0; number < 7; ++number) (void)in.varint();
        for (int word = 0; word < 2; ++word)
            if (in.varint() == 0) (void)in.string();
    }
    out.preview = in.string();
    out.message_id = in.string();
    out.base_subject = in.string();
    out.thread_key = in.be<std::uint64_t>();
    out.sent = unzigzag(in.varint());
    const unsigned bits = in.be<std::uint8_t>();
    out.references_known = of >= 2;
    if (out.references_known) {
        out.reply = bits & reply_bit;
        out.reference_keys = in.take(std::min<std::uint64_t>(in.varint(), max_references) * 8);
    }
    if (!in.ok()) return std::nullopt;
    return out;
}

std::uint64_t Summary::reference(std::size_t index) const {
    Decoder in{reference_keys.substr(index * 8)};
    return in.be<std::uint64_t>();
}

std::optional<Listing> Listing::decode(std::string_view record) {
    Decoder in{record};
    if (read_version(in) == 0) return std::nullopt;
    Listing out;
    out.envelope = in.string();
    out.body_structure = in.string();
    out.body = in.string();
    if (!in.ok()) return std::nullopt;
    return out;
}

}  // namespace postrider::mime
