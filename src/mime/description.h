#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What readers of a message will ask for, made once when it arrives and stored beside it.
namespace postrider::mime {

/// One body part in depth-first order (RFC 9051 §6.4.5). Offsets are bytes from the start of the message.
struct Part {
    std::uint32_t header_begin = 0;
    std::uint32_t body_begin = 0;  ///< first byte behind the empty line that ends the header
    std::uint32_t body_end =
        0;                     ///< first byte behind the part, without the CRLF that belongs to the boundary
    std::uint32_t lines = 0;   ///< of the body
    std::uint16_t parent = 0;  ///< index of the enclosing part; the root is its own parent
    std::uint16_t number = 0;  ///< 1, 2, ... among its siblings; 0 for the root and for the one child of a
                               ///< message/rfc822 part
    std::uint8_t kind = 0;     ///< Kind
    enum Kind : std::uint8_t { leaf, multipart, message };
    std::string type;      ///< "text/plain", lower case
    std::string encoding;  ///< content transfer encoding, lower case
};

struct Description {
    std::string envelope;          ///< as FETCH gives it, with its parentheses (RFC 9051 §7.5.2)
    std::string body_structure;    ///< with extension data (BODYSTRUCTURE)
    std::string body;              ///< without (BODY)
    std::vector<Part> parts;       ///< [0] is the message itself
    std::string preview;           ///< first words of the text, UTF-8, at most 256 bytes (RFC 8970)
    std::string message_id;        ///< without <>; "" when there is none
    std::string base_subject;      ///< RFC 5256 §2.1, UTF-8
    std::uint64_t thread_key = 0;  ///< hash of the first id in References, In-Reply-To or Message-ID
    std::int64_t sent = 0;  ///< the Date header, seconds since 1970; 0 when there is none or it is broken
    bool has_attachment = false;
    /// reference_key() of each id in References, or of the first in In-Reply-To when there is none (RFC 5256
    /// §3, REFERENCES step 1): the newest max_references of them.
    std::vector<std::uint64_t> references;
    bool references_known = true;  ///< false: the record is of a time when they were not kept
    bool reply = false;            ///< base_subject lacks marks that say reply or forward (RFC 5256 §2.1)

    /// The record kept under kv key 'd'; carries a version. Envelope and structures come first, so that
    /// listing a folder decodes nothing else.
    std::string encode() const;
    static std::optional<Description> decode(std::string_view record);
};

/// The three strings that a listing needs, as views into an encoded record; nothing else is decoded.
struct Listing {
    std::string_view envelope, body_structure, body;
    static std::optional<Listing> decode(std::string_view record);
};

/// What sorting, threading and previews need, as views into an encoded record; parts are passed over.
struct Summary {
    std::string_view envelope, preview, message_id, base_subject;
    std::uint64_t thread_key = 0;
    std::int64_t sent = 0;
    bool references_known = false;
    bool reply = false;
    std::string_view reference_keys;  ///< eight octets each, big-endian
    static std::optional<Summary> decode(std::string_view record);
    std::size_t references() const { return reference_keys.size() / 8; }
    std::uint64_t reference(std::size_t index) const;
};

inline constexpr std::size_t max_references = 100;  ///< that a description keeps

struct DescribeLimits {
    std::uint32_t max_depth = 50;  ///< deeper parts are left as opaque leaves
    std::uint32_t max_parts = 1000;
    std::uint32_t max_header_bytes = 1u << 20;
};

/// Reads a message (CRLF line ends expected, bare LF endured) once from start to end, in linear time.
/// Never fails: what is malformed is described as RFC 2045 §5.2 and §5.1 ask, at worst as text/plain.
/// @param prefix  header lines that a reader finds before the message (Received, repairs); offsets then count
/// from the
///                start of the prefix, as if both were one text, without copying them together. Shorter than
///                1 MiB.
Description describe(std::string_view message, const DescribeLimits& limits = {},
                     std::string_view prefix = {});

}  // namespace postrider::mime
