#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imap/wire/cursor.h"
#include "imap/wire/partial.h"
#include "imap/wire/sequence_set.h"

namespace postrider::imap {

/// One BODY[...], RFC822..., BINARY[...] or BINARY.SIZE[...] of a FETCH.
struct FetchSection {
    enum class Kind : std::uint8_t { body, binary, binary_size };
    enum class What : std::uint8_t { content, header, header_fields, header_fields_not, text, mime };
    struct Partial {
        std::uint64_t begin = 0, count = 0;
        friend bool operator==(Partial, Partial) = default;
    };

    Kind kind = Kind::body;
    bool peek = false;                ///< leaves \Seen alone
    std::vector<std::uint32_t> part;  ///< "1.2.3"; empty for the message itself
    What what = What::content;
    std::vector<std::string> fields;  ///< of HEADER.FIELDS, as given
    std::optional<Partial> partial;
    std::string label;  ///< what the response repeats: BODY[1.HEADER.FIELDS (FROM)]<0>
};

/// What follows "FETCH ". RFC 9051 §6.4.5, RFC 7162 §3.1.4, RFC 3516, RFC 8474, RFC 8514, RFC 8970, RFC 9394.
struct FetchArgs {
    enum Item : std::uint16_t {
        uid = 1,
        flags = 2,
        internal_date = 4,
        size = 8,
        envelope = 16,
        body_structure = 32,
        body = 64,  ///< BODY without a section: the structure without extension data
        modseq = 128,
        email_id = 256,  ///< RFC 8474
        thread_id = 512,
        save_date = 1024,  ///< RFC 8514
        preview = 2048,    ///< RFC 8970
    };
    SequenceSet set;
    std::uint16_t items = 0;
    std::vector<FetchSection> sections;
    std::optional<std::uint64_t> changed_since;
    bool vanished = false;                ///< RFC 7162 §3.2.6: only with UID and CHANGEDSINCE
    std::optional<PartialRange> partial;  ///< RFC 9394 §3.3: only with UID
};

inline constexpr std::size_t max_sections = 200;   ///< of one FETCH
inline constexpr std::size_t max_part_depth = 60;  ///< numbers in one part path

Parsed<FetchArgs> parse_fetch(std::string_view args);

/// fetch-att: one item. Other commands say too what is to be fetched.
void fetch_att(Cursor& in, FetchArgs& fetch);
/// fetch-att *(SP fetch-att) ")", behind an opening parenthesis.
void fetch_atts_to_end(Cursor& in, FetchArgs& fetch);
/// What `from` asks for beside what `to` does.
void add_items(FetchArgs& to, const FetchArgs& from);

}  // namespace postrider::imap
